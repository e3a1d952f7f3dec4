#!/bin/sh
# Makes the small fonts of this folder from Debian's fonts-noto-cjk (1:20220127+repack1-1) and
# fonts-noto-color-emoji (2.042-0+deb12u1).
# Needs: apt-get install fonts-noto-cjk fonts-noto-color-emoji; pip install fonttools==4.68.0 brotli==1.2.1
set -eu
cd "$(dirname "$0")"
cjk="${1:-/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc}"
emoji="${2:-/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf}"

# The traditional hanzi, kana, hangul and punctuation of the headlines in the tests.
pyftsubset "$cjk" --font-number=3 \
    --text="ー學師從慣書會東灣為習臺術計設讀資門開閱養麼野家的早餐好吃三十天成什慢才是最快路零始分析料工作人𠮷공관는늘능데만배분석수습시에오우은음이인일있작지처터하할，。、；：！？「」『』（）《》" \
    --layout-features=kern,palt,halt --no-hinting --notdef-outline --output-file=NotoSansCJKTC-Bold.otf
pyftsubset "$emoji" --text="🔥🎉🌸" --output-file=NotoColorEmoji.ttf

# Two slices of one Korean face, as sites have them: no embedded font has these syllables.
slice() {
    pyftsubset "$cjk" --font-number=1 --text="$1" --layout-features= --no-hinting --notdef-outline --flavor="$2" --output-file="$3"
}
slice "한국어 " woff2 NotoSansCJKKR-Bold.1.woff2
slice "데이터." woff NotoSansCJKKR-Bold.2.woff
