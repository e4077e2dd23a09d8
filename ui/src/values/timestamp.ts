/** The moments of MessagePack: seconds and nanoseconds since 1970, in 4, 8 or 12 bytes. */

/** The type of their extension. */
export const TIMESTAMP = -1;

/** A moment as RFC 3339, to the nanosecond; nothing where the bytes are none, or it is beyond all calendars. */
export function timestampText(base64: string): string | undefined {
  const read = moment(base64);
  if (!read || read.nanos >= 1_000_000_000) return undefined;
  const date = new Date(Number(read.seconds) * 1_000);
  if (Number.isNaN(date.getTime())) return undefined;
  const fraction = read.nanos === 0 ? "" : `.${String(read.nanos).padStart(9, "0").replace(/0+$/, "")}`;
  return date.toISOString().replace(".000Z", `${fraction}Z`);
}

function moment(base64: string): { seconds: bigint; nanos: number } | undefined {
  let binary: string;
  try {
    binary = atob(base64);
  } catch {
    return undefined;
  }
  const view = new DataView(Uint8Array.from(binary, (character) => character.charCodeAt(0)).buffer);
  switch (view.byteLength) {
    case 4:
      return { seconds: BigInt(view.getUint32(0)), nanos: 0 };
    case 8: {
      const both = view.getBigUint64(0);
      return { seconds: both & 0x3_ffff_ffffn, nanos: Number(both >> 34n) };
    }
    case 12:
      return { seconds: view.getBigInt64(4), nanos: view.getUint32(0) };
    default:
      return undefined;
  }
}
