// Bundles the app into dist/: the SMART client and the charts into one script, beside page and style.
// esbuild's WebAssembly form is the same on every platform and needs no install script.
import { copyFile, mkdir } from "node:fs/promises";
import * as esbuild from "esbuild-wasm";

await mkdir("dist", { recursive: true });
await esbuild.build({
  entryPoints: { app: "src/main.js" },
  outdir: "dist",
  bundle: true,
  format: "iife",
  target: "es2021",
  minify: true,
  legalComments: "linked",
  define: { FHIRCLIENT_PURE: "true", "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
});
await Promise.all(["index.html", "app.css", "icon.svg"].map((name) => copyFile(name, `dist/${name}`)));
await esbuild.stop();
