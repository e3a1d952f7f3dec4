#!/bin/sh
# Makes the two font files of this folder from Debian's fonts-noto-cjk (1:20220127+repack1-1).
# Needs: apt-get install fonts-noto-cjk; pip install fonttools==4.68.0
set -eu
cd "$(dirname "$0")"
source="${1:-/usr/share/fonts/opentype/noto}"
charset="$(mktemp)"
trap 'rm -f "$charset"' EXIT

# GB 2312 as Python knows it (hanzi, kana, Greek, Cyrillic, box drawing), and the ranges a poster needs besides.
python3 - "$charset" <<'PY'
import sys
chars = set()
for row in range(0xA1, 0xF8):
    for cell in range(0xA1, 0xFF):
        try:
            chars.add(bytes([row, cell]).decode("gb2312"))
        except UnicodeDecodeError:
            pass
for first, last in [
    (0x0020, 0x007E), (0x00A0, 0x00FF), (0x0100, 0x017F),  # Latin
    (0x2010, 0x2027), (0x2030, 0x205E),                    # general punctuation
    (0x2070, 0x209C),                                      # superscripts and subscripts
    (0x20A0, 0x20BF), (0x2100, 0x214F), (0x2150, 0x218B),  # currencies, letterlike, numbers
    (0x2190, 0x21FF), (0x2200, 0x22FF),                    # arrows, mathematics
    (0x2460, 0x24FF), (0x25A0, 0x25FF), (0x2600, 0x266F),  # enclosed numbers, shapes, symbols
    (0x2700, 0x27BF),                                      # dingbats
    (0x3000, 0x303F), (0x3220, 0x324F), (0x3280, 0x32B0),  # CJK punctuation, enclosed ideographs
    (0xFF01, 0xFF60), (0xFFE0, 0xFFE6),                    # full-width forms
]:
    chars.update(map(chr, range(first, last + 1)))
chars.update("㎡㎏㎜㎝㎞㏄㎎℃℉①②③")
# Hanzi in today's use that GB 2312 lacks: names, chemistry, the net.
chars.update("囧槑嘚瑟珺喆堃昇祎玥晞暘煊婳翀祺琤甯芃頔镕鍀啰瞭彧曌旻犇赟昶钰璟曦垚淼骉靐镔瑄弢睿忞淏燚瀞嫒偲逄闫邬郄鄢犸峣嵊甪浉浬熵焗煳猹珂珲琎瑀瓅祯窋穈籴糸纻缊胗胨脲芪苠茓荙菥葳蓣蔺薏藦蘅螨蟛袆觊诃谡趄趵踹蹚躞逯遹郯酞钆钇钌钪钫钬钷钽铇铈铥铧锎锔锘锿镄镆镎镥飑餸髌鲃鲅鸮鹮麴黢鼹啫咗嗰喺冇咁唔哋嘢")
with open(sys.argv[1], "w", encoding="utf-8") as out:
    out.write("".join(sorted(chars)))
PY

for weight in Regular Bold; do
    pyftsubset "$source/NotoSansCJK-$weight.ttc" --font-number=2 --text-file="$charset" \
        --layout-features=kern,liga,palt,halt,chws,calt,ccmp,mark,mkmk \
        --no-hinting --notdef-outline --output-file="NotoSansSC-$weight.otf"
done
