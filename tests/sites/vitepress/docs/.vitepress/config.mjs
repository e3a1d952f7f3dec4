import { defineConfig } from "vitepress";
import index from "./gpbuild.json";

const site = "https://example.org/";

export default defineConfig({
  title: "Notes",
  transformHead({ pageData }) {
    const source = `docs/${pageData.filePath}`;
    const picture = Object.values(index.assets).find(
      (picture) => picture.source === source && picture.preset === "open-graph",
    );
    const meta = (property, content) => ["meta", { property, content: String(content) }];
    return picture
      ? [
          meta("og:image", new URL(`covers/${picture.public}`, site).href),
          meta("og:image:width", picture.width),
          meta("og:image:height", picture.height),
          meta("og:image:alt", picture.alt),
        ]
      : [];
  },
});
