// Chromium by playwright-core: one browser, a page of the screen's size, a screenshot for each picture. CHROMIUM says
// where it is, if not at /usr/bin/chromium.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { family, folder, height, main, width } from "./design.mjs";

const dashed = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const unitless = new Set(["lineHeight", "fontWeight"]);
const css = (style) =>
  Object.entries(style)
    .map(([name, value]) => `${dashed(name)}:${typeof value === "number" && !unitless.has(name) ? `${value}px` : value}`)
    .join(";");
const html = (node) => {
  if (node === undefined || typeof node === "string") return node ?? "";
  if (Array.isArray(node)) return node.map(html).join("");
  const { style, children, src } = node.props;
  return `<${node.type} style='${css(style)}'${src ? ` src='${src}'` : ""}>${node.type === "img" ? "" : `${html(children)}</${node.type}>`}`;
};
const face = (file, weight) =>
  `@font-face{font-family:"${family}";font-weight:${weight};src:url("${pathToFileURL(path.join(folder, file))}")}`;
const head = `<!DOCTYPE html><html lang="zh-CN"><meta charset="utf-8"><style>${face("NotoSansSC-Regular.otf", 400)}${face("NotoSansSC-Bold.otf", 700)}*{margin:0;box-sizing:border-box}</style>`;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const tab = await browser.newPage({ viewport: { width, height } });
const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "draw-")), "page.html");
// One page, one tab: pictures come one after another whatever the order is.
let last = Promise.resolve();
await main((page) => {
  last = last.then(async () => {
    fs.writeFileSync(file, head + html(page));
    await tab.goto(pathToFileURL(file).href);
    await tab.evaluate(() => document.fonts.ready);
    return tab.screenshot({ type: "png" });
  });
  return last;
});
await browser.close();
fs.rmSync(path.dirname(file), { recursive: true });
