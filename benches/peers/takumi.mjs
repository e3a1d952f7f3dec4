// takumi in node: the pictures are drawn on the threads of its pool.
import { Renderer } from "@takumi-rs/core";
import { fromJsx } from "@takumi-rs/helpers/jsx";
import { fonts, height, main, width } from "./design.mjs";

const renderer = new Renderer();
for (const font of fonts) await renderer.registerFont(font);

await main(async (page) => {
  const { node, css } = await fromJsx(page);
  return renderer.render(node, { width, height, css, lang: "zh-CN", format: "png" });
});
