// satori makes an SVG with the text as paths, resvg-js draws it.
import { Resvg } from "@resvg/resvg-js";
import satori from "satori";
import { fonts, height, main, width } from "./design.mjs";

await main(async (page) => {
  const svg = await satori(page, { width, height, fonts });
  return new Resvg(svg, { font: { loadSystemFonts: false } }).render().asPng();
});
