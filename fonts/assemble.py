"""The last step of subset.sh: names and sizes, and the pieces of Noto Sans in one file."""

import sys
from pathlib import Path

from fontTools.merge import Merger
from fontTools.ttLib import TTFont

work = Path(sys.argv[1])
# The letters of Noto Sans CJK are those of Source Sans, so much larger.
LARGER = 1.1165


def named(font, family, weight):
    """Its name: `Source` is reserved by the licence of Source Sans, and a project's own Noto Sans is another file."""
    table = font["name"]
    kept = [record for record in table.names if record.nameID in (0, 7, 13, 14)]
    table.names = kept
    for name, text in [(1, family), (2, weight), (4, f"{family} {weight}"), (6, f"{family.replace(' ', '')}-{weight}")]:
        table.setName(text, name, 3, 1, 0x409)
    if "CFF " in font:
        top = font["CFF "].cff
        top.fontNames[0] = f"{family.replace(' ', '')}-{weight}"
        for key in ("FullName", "FamilyName"):
            if key in top[0].rawDict:
                top[0].rawDict[key] = family if key == "FamilyName" else f"{family} {weight}"


def as_high_as_the_first(font):
    """Its lines: those of Noto Sans CJK, so that a letter of this font in a line of that one moves nothing."""
    units = font["head"].unitsPerEm
    up, down = round(1.16 * units), round(0.288 * units)
    font["hhea"].ascent, font["hhea"].descent, font["hhea"].lineGap = up, -down, 0
    font["OS/2"].usWinAscent, font["OS/2"].usWinDescent = up, down
    font["OS/2"].sTypoAscender, font["OS/2"].sTypoDescender = round(0.88 * units), -round(0.12 * units)
    font["OS/2"].sTypoLineGap = 0


def saved(font, path):
    as_high_as_the_first(font)
    font.recalcTimestamp = False
    font.save(path)


for weight in ["Regular", "Bold"]:
    letters = TTFont(work / f"latin-{weight}.otf")
    units = round(letters["head"].unitsPerEm / LARGER)
    letters["head"].unitsPerEm = units
    top = letters["CFF "].cff[0]
    top.FontMatrix = [1 / units, 0, 0, 1 / units, 0, 0]
    named(letters, "gpbuild Latin", weight)
    saved(letters, f"Latin-{weight}.otf")

    names = [f"NotoSans-{weight}", "NotoSansSymbols2-Regular", f"NotoSansSymbols-{weight}", "NotoSansMath-Regular"]
    pieces = [work / f"{name}-{weight}.ttf" for name in names]
    merged = Merger().merge(pieces)
    # The merger writes the time of day.
    first = TTFont(pieces[0])["head"]
    merged["head"].created, merged["head"].modified = first.created, first.modified
    named(merged, "gpbuild Symbols", weight)
    saved(merged, f"Symbols-{weight}.ttf")

emoji = TTFont(work / "emoji.ttf")
named(emoji, "gpbuild Emoji", "Bold")
saved(emoji, "Emoji.ttf")
