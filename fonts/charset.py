"""Which characters each font file of this folder holds: a text file for each, for pyftsubset."""

import bz2
import sys
from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont

unicode, cjk, noto, source_sans, work = map(Path, sys.argv[1:])


def coded(name, rows, cells):
    """The characters of a two-byte character set."""
    for row in rows:
        for cell in cells:
            try:
                yield bytes([row, cell]).decode(name)
            except UnicodeDecodeError:
                pass


def table_of_general_hanzi():
    """通用规范汉字表, 2013: 8,105 hanzi."""
    with bz2.open(unicode / "Unihan_OtherMappings.txt.bz2", "rt", encoding="utf-8") as lines:
        for line in lines:
            fields = line.split("\t")
            if len(fields) > 1 and fields[1] == "kTGH":
                yield chr(int(fields[0][2:], 16))


def ranges(*pairs):
    return {chr(c) for first, last in pairs for c in range(first, last + 1)}


han = set(coded("gb2312", range(0xA1, 0xF8), range(0xA1, 0xFF)))
han |= set(table_of_general_hanzi())
# The first level of Big5: 5,401 traditional hanzi in common use.
han |= set(coded("big5", range(0xA4, 0xC7), [*range(0x40, 0x7F), *range(0xA1, 0xFF)]))
latin = ranges(
    (0x0020, 0x007E), (0x00A0, 0x024F),                    # Latin, Extended-A and -B
    (0x0259, 0x0259), (0x02B0, 0x02FF),                    # schwa, modifiers
    (0x0370, 0x03FF), (0x0400, 0x052F), (0x1E00, 0x1EFF),  # Greek, Cyrillic, Vietnamese
    (0x20A0, 0x20C0),                                      # currencies
)
signs = ranges(
    (0x2010, 0x2027), (0x2030, 0x205E),                    # general punctuation
    (0x2070, 0x209C),                                      # superscripts and subscripts
    (0x2100, 0x214F), (0x2150, 0x218B),                    # letterlike, numbers
    (0x2190, 0x21FF), (0x2200, 0x22FF), (0x2300, 0x23FF),  # arrows, mathematics, technical
    (0x2460, 0x24FF), (0x2500, 0x259F), (0x25A0, 0x25FF),  # enclosed numbers, boxes, shapes
    (0x2600, 0x26FF), (0x2700, 0x27BF), (0x2B00, 0x2B5F),  # symbols, dingbats, more arrows
    (0x3000, 0x30FF), (0x3220, 0x324F), (0x3280, 0x32B0),  # CJK punctuation, kana, enclosed ideographs
    (0xFF01, 0xFF60), (0xFFE0, 0xFFE6),                    # full-width forms
)
signs |= set("㎡㎏㎜㎝㎞㏄㎎℃℉①②③")
# Hanzi in today's use that all three tables lack: names, chemistry, the net, Cantonese.
newer = set("囧槑嘚瑟珺喆堃昇祎玥晞暘煊婳翀祺琤甯芃頔镕鍀啰瞭彧曌旻犇赟昶钰璟曦垚淼骉靐镔瑄弢睿忞淏燚瀞嫒偲逄闫邬郄鄢犸峣嵊甪浉浬熵焗煳猹珂珲琎瑀瓅祯窋穈籴糸纻缊胗胨脲芪苠茓荙菥葳蓣蔺薏藦蘅螨蟛袆觊诃谡趄趵踹蹚躞逯遹郯酞钆钇钌钪钫钬钷钽铇铈铥铧锎锔锘锿镄镆镎镥飑餸髌鲃鲅鸮鹮麴黢鼹啫咗嗰喺冇咁唔哋嘢囍龘")

has = lambda font: {chr(c) for c in font.getBestCmap()}
first = has(TTCollection(cjk / "NotoSansCJK-Regular.ttc", lazy=True).fonts[2])
wanted = {"han": (han | latin | signs | newer) & first}
wanted["mono"] = ranges((0x20, 0x7E), (0xA0, 0xFF)) & has(TTCollection(cjk / "NotoSansCJK-Regular.ttc", lazy=True).fonts[7])
# Not in the first: a shaper would make `ź` of its `z` and `´`, and its marks do not find their places.
marks = ranges((0x0300, 0x036F))
rest = (latin | signs) - first | marks
# A letter of the second file stands beside letters of the first: the same design, so that the two are one word.
wanted["latin"] = rest & has(TTFont(source_sans / "SourceSans3-Regular.otf"))
rest -= wanted["latin"]
for weight in ["Regular", "Bold"]:
    left = set(rest)
    for name in [f"NotoSans-{weight}", "NotoSansSymbols2-Regular", f"NotoSansSymbols-{weight}", "NotoSansMath-Regular"]:
        wanted[name] = left & has(TTFont(noto / f"{name}.ttf"))
        left -= wanted[name]
for name, characters in wanted.items():
    (work / f"{name}.txt").write_text("".join(sorted(characters)), encoding="utf-8")
