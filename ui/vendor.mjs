// Re-creates ui/static/vendor, the icon sprite and tests/journeys/vendor from node_modules.
// Run it as `make vendor`, which is: npm ci --ignore-scripts && node ui/vendor.mjs
// It writes ui/vendored.json (file, package, version, licence, SHA-256); a test compares the list.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import subset from "subset-font";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const MODULES = join(ROOT, "node_modules");
const VENDOR = join(ROOT, "ui/static/vendor");
const TARGET = ["chrome102", "safari15.4"];
const FIGURES = "0123456789 :.,-–+%/()×±";
const BOLD = "0123456789 :.,%-";
const CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SMALL = "ceklnrst"; // for Ctrl, Alt, Enter, Esc, kB
const OPENLAYERS = `
export { default as Map } from "ol/Map.js";
export { default as View } from "ol/View.js";
export { default as Feature } from "ol/Feature.js";
export { default as Point } from "ol/geom/Point.js";
export { default as Circle } from "ol/geom/Circle.js";
export { default as VectorTileLayer } from "ol/layer/VectorTile.js";
export { default as VectorLayer } from "ol/layer/Vector.js";
export { default as TileLayer } from "ol/layer/Tile.js";
export { default as VectorTileSource } from "ol/source/VectorTile.js";
export { default as VectorSource } from "ol/source/Vector.js";
export { default as Cluster } from "ol/source/Cluster.js";
export { default as XYZ } from "ol/source/XYZ.js";
export { default as MVT } from "ol/format/MVT.js";
export { default as Style } from "ol/style/Style.js";
export { default as Fill } from "ol/style/Fill.js";
export { default as Stroke } from "ol/style/Stroke.js";
export { default as Text } from "ol/style/Text.js";
export { default as Icon } from "ol/style/Icon.js";
export { default as CircleStyle } from "ol/style/Circle.js";
export { default as Translate } from "ol/interaction/Translate.js";
export { default as ScaleLine } from "ol/control/ScaleLine.js";
export { defaults as defaultInteractions } from "ol/interaction/defaults.js";
export { fromLonLat, toLonLat } from "ol/proj.js";
export { boundingExtent } from "ol/extent.js";
`;

// A line chart, nothing else: a third of the whole library.
const ECHARTS = `
export { init, use } from "echarts/core";
import { use } from "echarts/core";
import { LineChart } from "echarts/charts";
import { GridComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";
use([LineChart, GridComponent, SVGRenderer]);
`;

const vendored = [];

function manifest(name) {
  return JSON.parse(readFileSync(join(MODULES, name, "package.json"), "utf8"));
}

function write(path, content, name) {
  const { version, license } = manifest(name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  const sha256 = createHash("sha256").update(content).digest("hex");
  const licence = license === "BSD-0-Clause" ? "0BSD" : license; // the SPDX name
  vendored.push({ file: relative(ROOT, path), package: name, version, licence, sha256 });
}

function folder(name) {
  return join(VENDOR, `${name.split("/").pop()}@${manifest(name).version}`);
}

function licence(name) {
  const file = readdirSync(join(MODULES, name)).find((entry) => /^licen[cs]e/i.test(entry));
  if (file) write(join(folder(name), "LICENSE.txt"), readFileSync(join(MODULES, name, file)), name);
}

async function bundle(name, contents, file) {
  const result = await build({
    stdin: { contents, resolveDir: ROOT, loader: "js" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: TARGET,
    legalComments: "none",
  });
  write(join(folder(name), file), result.outputFiles[0].contents, name);
  licence(name);
}

function copy(name, source, file) {
  const text = readFileSync(join(MODULES, name, source), "utf8");
  write(join(folder(name), file), text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n"), name);
  licence(name);
}

async function font(name, weight, letters) {
  const source = join(MODULES, name, `files/barlow-condensed-latin-${weight}-normal.woff2`);
  const content = await subset(readFileSync(source), letters, { targetFormat: "woff2" });
  write(join(folder(name), `figures-${weight}.woff2`), content, name);
}

function files(dir, endings) {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => !path.includes("/vendor/"));
}

function usedIcons() {
  const names = new Set();
  const templates = readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(ROOT, entry.name, "templates")))
    .flatMap((entry) => files(join(ROOT, entry.name, "templates"), [".html"]));
  const sources = [...templates, ...files(join(ROOT, "ui"), [".js", ".py"])];
  for (const path of sources) {
    const text = readFileSync(path, "utf8");
    for (const match of text.matchAll(/(?:\bicon[ (=]|\bicon_name=)["']([a-z0-9-]+)["']/g)) names.add(match[1]);
  }
  return [...names].sort();
}

function sprite(name) {
  const symbols = usedIcons().map((icon) => {
    const svg = readFileSync(join(MODULES, name, `icons/outline/${icon}.svg`), "utf8");
    const inner = svg
      .replace(/<!--[\s\S]*?-->/g, "")
      .replace(/^[\s\S]*?<svg[^>]*>/, "")
      .replace(/<\/svg>[\s\S]*$/, "")
      .replace(/\s+/g, " ")
      .trim();
    return `<symbol id="${icon}" viewBox="0 0 24 24">${inner}</symbol>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
  write(join(folder(name), "icons.svg"), svg, name);
  licence(name);
}

rmSync(VENDOR, { recursive: true, force: true });
copy("htmx.org", "dist/htmx.min.js", "htmx.js");
await bundle("ol", OPENLAYERS, "ol.js");
await bundle("echarts", ECHARTS, "echarts.js");
copy("maplibre-gl", "dist/maplibre-gl.mjs", "maplibre-gl.js");
copy("maplibre-gl", "dist/maplibre-gl-worker.mjs", "maplibre-gl-worker.js");
await bundle("lit-html", 'export { html, render, nothing } from "lit-html";', "lit-html.js");
await font("@fontsource/barlow-condensed", 600, FIGURES + CAPITALS + SMALL);
await font("@fontsource/barlow-condensed", 700, BOLD);
licence("@fontsource/barlow-condensed");
sprite("@tabler/icons");
write(
  join(ROOT, "tests/journeys/vendor/axe.min.js"),
  readFileSync(join(MODULES, "axe-core/axe.min.js")),
  "axe-core",
);
const unique = [...new Map(vendored.map((row) => [row.file, row])).values()];
unique.sort((a, b) => a.file.localeCompare(b.file));
writeFileSync(join(ROOT, "ui/vendored.json"), JSON.stringify(unique, null, 1) + "\n");
for (const row of unique) console.log(row.sha256.slice(0, 12), row.file);
