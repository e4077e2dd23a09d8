import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import { tanstackRouter } from "@tanstack/router-plugin/vite";
import react from "@vitejs/plugin-react";
import { compression, defineAlgorithm } from "vite-plugin-compression2";
import { defineConfig } from "vitest/config";

/** The host that a development server asks. */
const HOST = process.env.STEPMILL_HOST ?? "http://127.0.0.1:7878";

/** What is not the UI's: the API, webhooks, and the pages of login links. */
const HOST_PATHS = ["/api", "/hooks", "/metrics", "/healthz", "/readyz", "/login/"];

/** What looks at the UI through a browser: one file after the other. */
const inBrowser = (name: string, include: string) => ({
  extends: true as const,
  test: {
    name,
    include: [include],
    globalSetup: "e2e/setup.ts",
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});

export default defineConfig({
  plugins: [
    tanstackRouter({ target: "react", autoCodeSplitting: true, quoteStyle: "double", semicolons: true }),
    react(),
    tailwindcss(),
    // The host sends these as they are.
    compression({
      include: /\.(html|js|css|svg)$/,
      algorithms: [defineAlgorithm("gzip"), defineAlgorithm("brotliCompress")],
    }),
  ],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    proxy: Object.fromEntries(HOST_PATHS.map((path) => [path, { target: HOST, changeOrigin: true }])),
  },
  worker: { format: "es" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2_000,
    modulePreload: { polyfill: false },
  },
  test: {
    projects: [
      {
        extends: true,
        test: { name: "unit", environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
      },
      inBrowser("e2e", "e2e/**/*.test.ts"),
      inBrowser("bench", "e2e/bench/bench.ts"),
      inBrowser("screenshots", "e2e/screenshots.ts"),
    ],
  },
});
