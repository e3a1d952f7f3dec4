// The design of event.html for renderers that take elements: what stands where, once for all of them.
import fs from "node:fs";
import path from "node:path";

export const [width, height] = [1080, 1440];
export const family = "Noto Sans CJK SC";

const [, , wordsFile, outFolder, order] = process.argv;
const words = JSON.parse(fs.readFileSync(wordsFile, "utf8"));
/** Where the fonts are. */
export const folder = words.fonts;
const face = (name) => fs.readFileSync(path.join(words.fonts, name));
export const fonts = [
  { name: family, data: face("NotoSansSC-Regular.otf"), weight: 400, style: "normal" },
  { name: family, data: face("NotoSansSC-Bold.otf"), weight: 700, style: "normal" },
];

const icons = [
  ["#FFB020", '<rect x="28" y="34" width="76" height="68" rx="10"/><rect x="42" y="22" width="10" height="24" rx="5"/><rect x="80" y="22" width="10" height="24" rx="5"/>'],
  ["#4ADE80", '<polygon points="46,30 46,102 106,66"/>'],
  ["#60A5FA", '<circle cx="66" cy="50" r="22"/><path d="M26 106 a40 34 0 0 1 80 0 z"/>'],
  ["#F472B6", '<polygon points="66,24 78.3,51.4 108,54.4 85.8,74.6 92,104 66,88.8 40,104 46.2,74.6 24,54.4 53.7,51.4"/>'],
];
const icon = ([colour, shapes]) => {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="132" height="132" viewBox="0 0 132 132" fill="${colour}">${shapes}</svg>`;
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
};
const icon_urls = icons.map(icon);

const element = (type, style, children, rest = {}) => ({ type, key: null, props: { style, children, ...rest } });
const at = (left, top, style, children) => element("div", { position: "absolute", left, top, display: "flex", ...style }, children);

/** The page of one headline, as React would hand it on. */
export function page(headline) {
  return element(
    "div",
    {
      width, height, display: "flex", position: "relative", color: "#FFFFFF", fontFamily: family, overflow: "hidden",
      backgroundImage: "linear-gradient(135deg, #0B1026 0%, #1D2B7A 55%, #5B3DF5 100%)",
    },
    [
      at(700, -60, { width: 520, height: 520, borderRadius: 260, backgroundColor: "rgba(255, 255, 255, 0.06)" }, []),
      at(80, 120, { height: 76, padding: "0 34px", borderRadius: 38, backgroundColor: "#FFB020", color: "#1A1A2E", fontSize: 36, fontWeight: 700, alignItems: "center" }, words.badge),
      at(80, 260, { width: 920, display: "block", fontSize: 120, lineHeight: 1.25, fontWeight: 700 }, headline),
      at(80, 750, { width: 920, fontSize: 52, color: "#C9D4FF" }, words.subhead),
      ...words.captions.flatMap((caption, n) => [
        at(80 + n * 263, 930, { width: 132, height: 132, borderRadius: 32, backgroundColor: "rgba(255, 255, 255, 0.12)" }, [
          element("img", { width: 132, height: 132 }, undefined, { src: icon_urls[n], width: 132, height: 132 }),
        ]),
        at(46 + n * 263, 1084, { width: 200, fontSize: 36, justifyContent: "center" }, caption),
      ]),
      at(80, 1264, { width: 920, height: 3, backgroundColor: "rgba(255, 255, 255, 0.25)" }, []),
      at(80, 1300, { fontSize: 48, fontWeight: 700, color: "#FFB020" }, words.footer),
    ],
  );
}

/** Draws every headline, all at once unless told otherwise, and writes the files. */
export async function main(draw) {
  fs.mkdirSync(outFolder, { recursive: true });
  const one = async (headline, n) => fs.writeFileSync(path.join(outFolder, `${n}.png`), await draw(page(headline)));
  if (order === "one-by-one") {
    for (const [n, headline] of words.headlines.entries()) await one(headline, n);
  } else {
    await Promise.all(words.headlines.map(one));
  }
}
