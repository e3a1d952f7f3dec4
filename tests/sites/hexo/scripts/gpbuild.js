hexo.extend.helper.register("og_picture", function (page) {
  const picture = Object.values(this.site.data.gpbuild.assets).find(
    (picture) => picture.source === `source/${page.source}` && picture.preset === "open-graph",
  );
  if (!picture) return "";
  const meta = (property, content) =>
    `<meta property="${property}" content="${this.escape_html(String(content))}">`;
  return [
    meta("og:image", this.full_url_for(`covers/${picture.public}`)),
    meta("og:image:width", picture.width),
    meta("og:image:height", picture.height),
    meta("og:image:alt", picture.alt),
  ].join("\n");
});
