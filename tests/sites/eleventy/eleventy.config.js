const site = "https://example.org/";

export default function (config) {
  config.addPassthroughCopy("covers");
  config.addFilter("cover", (assets, inputPath) =>
    Object.values(assets).find(
      (picture) => `./${picture.source}` === inputPath && picture.preset === "open-graph",
    ),
  );
  config.addFilter("absolute", (path) => new URL(path, site).href);
}
