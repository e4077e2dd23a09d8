/** What a browser has to load before the home page stands. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "../harness";
import { DIST } from "../harness/places";
import type { Measured, Section } from "./report";

export const LOAD = {
  title: "First load",
  how: `Everything that the home page loads into an empty cache, without answers of the API: as many bytes as gzip makes of
each file (the host sends brotli, which is smaller, to who takes it; fonts are compressed in themselves). What draws graphs
is loaded by the first view with a graph, and is not among it.`,
  measured: [],
} satisfies Section;

const KINDS: Record<string, string> = {
  ".html": "HTML",
  ".js": "JavaScript",
  ".css": "CSS",
  ".woff2": "fonts",
};

export async function measureLoad(page: Page): Promise<Measured[]> {
  const loaded = new Set<string>();
  page.on("response", (response) => {
    const { pathname } = new URL(response.url());
    if (!pathname.startsWith("/api/")) loaded.add(pathname === "/" ? "/index.html" : pathname);
  });
  await page.goto("/");
  await page.getByRole("heading", { level: 1, name: "Home" }).waitFor();
  await page.getByRole("heading", { level: 2 }).first().waitFor();
  await page.evaluate(() => document.fonts.ready);
  // What is loaded in advance, or by what the page asked for, counts as well.
  await page.waitForTimeout(1_000);

  const graphs = [...loaded].filter((path) => /\/(Dag|elk)[-.]/.test(path));
  if (graphs.length > 0) throw new Error(`The home page loads what draws graphs: ${graphs.join(", ")}`);
  const sizes = new Map<string, { bytes: number; files: number }>();
  for (const path of loaded) {
    const kind = KINDS[extname(path)] ?? "others";
    const { bytes, files } = sizes.get(kind) ?? { bytes: 0, files: 0 };
    sizes.set(kind, { bytes: bytes + gzipped(join(DIST, path)), files: files + 1 });
  }
  const parts = [...sizes].map(([kind, { bytes, files }]) => ({
    subject: `of it ${kind}`,
    value: bytes / 1_000,
    unit: "KB" as const,
    remark: files === 1 ? "1 file" : `${files} files`,
  }));
  const all = parts.reduce((sum, { value }) => sum + value, 0);
  return [
    { subject: "the home page", value: all, most: 250, unit: "KB", remark: `${loaded.size} files` },
    ...parts.toSorted((one, other) => other.value - one.value),
  ];
}

/** As the build has compressed it; what it has not is compressed in itself, or not worth it. */
function gzipped(file: string): number {
  if (existsSync(`${file}.gz`)) return statSync(`${file}.gz`).size;
  return extname(file) === ".woff2" ? statSync(file).size : gzipSync(readFileSync(file)).length;
}
