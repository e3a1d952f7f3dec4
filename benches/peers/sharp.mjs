// satori makes an SVG with the text as paths, sharp (librsvg and libvips) draws it.
import satori from "satori";
import sharp from "sharp";
import { fonts, height, main, width } from "./design.mjs";

await main(async (page) => {
  const svg = await satori(page, { width, height, fonts });
  return sharp(Buffer.from(svg)).png().toBuffer();
});
