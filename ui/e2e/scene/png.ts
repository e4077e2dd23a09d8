/** Makes pictures small. A browser keeps 16 million colours of which a view needs few. */

import { deflateSync, inflateSync } from "node:zlib";

const HEAD = 8;
const COLOURS = 256;

/** The same picture with the 256 colours that tell most of it; the others become the most similar of these. */
export function shrink(png: Buffer): Buffer {
  const { width, height, pixels } = decode(png);
  const counts = new Map<number, number>();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const { palette, places } = choose(counts);

  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    // The first byte of a row says that it is not filtered.
    for (let x = 0; x < width; x += 1) {
      rows[y * (width + 1) + 1 + x] = places.get(pixels[y * width + x] ?? 0) ?? 0;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits each, which are places in the palette.
  header.set([8, 3], 8);
  const colours = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([
    png.subarray(0, HEAD),
    chunk("IHDR", header),
    chunk("PLTE", colours),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** Takes one colour after the other: always the one that is missed most, being frequent or unlike all others. */
function choose(counts: ReadonlyMap<number, number>) {
  const colours = [...counts.keys()];
  const missed = colours.map(() => Number.POSITIVE_INFINITY);
  const places = new Map<number, number>();
  const palette: number[] = [];
  let next = 0;
  while (palette.length < COLOURS && (missed[next] ?? 0) > 0) {
    const taken = colours[next] ?? 0;
    let most = -1;
    for (const [index, colour] of colours.entries()) {
      const apart = distance(colour, taken);
      if (apart < (missed[index] ?? 0)) {
        missed[index] = apart;
        places.set(colour, palette.length);
      }
      const loss = (missed[index] ?? 0) * Math.sqrt(counts.get(colour) ?? 0);
      if (loss > most) [most, next] = [loss, index];
    }
    palette.push(taken);
  }
  return { palette, places };
}

function distance(one: number, other: number): number {
  const red = (one >> 16) - (other >> 16);
  const green = ((one >> 8) & 255) - ((other >> 8) & 255);
  const blue = (one & 255) - (other & 255);
  return red * red + green * green + blue * blue;
}

/** The pixels of a picture as browsers write them: three bytes each, not interlaced. */
function decode(png: Buffer): { width: number; height: number; pixels: Uint32Array } {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  if (png[24] !== 8 || png[25] !== 2 || png[28] !== 0) throw new Error("The picture is not plain RGB");
  const data: Buffer[] = [];
  for (let at = HEAD; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString("latin1", at + 4, at + 8) === "IDAT") {
      data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
    }
  }
  const raw = inflateSync(Buffer.concat(data));
  const line = width * 3;
  let before = new Uint8Array(line);
  const pixels = new Uint32Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (line + 1)] ?? 0;
    const row = Uint8Array.from(raw.subarray(y * (line + 1) + 1, (y + 1) * (line + 1)));
    unfilter(filter, row, before);
    for (let x = 0; x < width; x += 1) {
      pixels[y * width + x] =
        ((row[3 * x] ?? 0) << 16) | ((row[3 * x + 1] ?? 0) << 8) | (row[3 * x + 2] ?? 0);
    }
    before = row;
  }
  return { width, height, pixels };
}

/** Rows are kept as differences from what is to the left and above. */
function unfilter(filter: number, row: Uint8Array, before: Uint8Array) {
  for (let at = 0; at < row.length; at += 1) {
    const left = at < 3 ? 0 : (row[at - 3] ?? 0);
    const above = before[at] ?? 0;
    const corner = at < 3 ? 0 : (before[at - 3] ?? 0);
    row[at] = (row[at] ?? 0) + guess(filter, left, above, corner);
  }
}

function guess(filter: number, left: number, above: number, corner: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return (left + above) >> 1;
    case 4:
      return paeth(left, above, corner);
    default:
      return 0;
  }
}

function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

function chunk(type: string, data: Buffer): Buffer {
  const framed = Buffer.alloc(data.length + 12);
  framed.writeUInt32BE(data.length, 0);
  framed.write(type, 4, "latin1");
  data.copy(framed, 8);
  framed.writeUInt32BE(crc(framed.subarray(4, data.length + 8)), data.length + 8);
  return framed;
}

/** As PNG wants it; `zlib.crc32` is not in every Node.js that we support. */
function crc(bytes: Buffer): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ 0xffffffff) >>> 0;
}
