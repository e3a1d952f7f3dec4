#!/bin/sh
# Makes the font files of this folder, byte for byte, from Debian 12's fonts-noto-cjk, fonts-noto-core and unicode-data
# (their versions: README.md) and two packages of npm. Needs: apt-get install fonts-noto-cjk fonts-noto-core unicode-data;
# pip install fonttools==4.68.0; npm.
set -eu
cd "$(dirname "$0")"
root="${1:-}"
noto="$root/usr/share/fonts/truetype/noto"
cjk="$root/usr/share/fonts/opentype/noto"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

(cd "$work" && npm pack --silent source-sans@3.52.0 @expo-google-fonts/noto-emoji@0.4.7 >/dev/null &&
    for archive in *.tgz; do mkdir "$archive.d" && tar -C "$archive.d" -xzf "$archive"; done)
source_sans="$work/source-sans-3.52.0.tgz.d/package/OTF"
emoji="$work/expo-google-fonts-noto-emoji-0.4.7.tgz.d/package"

# Which characters each file holds: the hanzi of GB 2312, of the 通用规范汉字表 (kTGH) and of the first level of Big5, and
# the ranges a poster needs besides; of those, the fonts after the first hold what the ones before them lack.
python3 charset.py "$root/usr/share/unicode" "$cjk" "$noto" "$source_sans" "$work"

# A font says whose it is and under which licence.
common="--no-hinting --notdef-outline --name-IDs=0,1,2,4,6,13,14"
features=kern,liga,palt,halt,chws,calt,ccmp,mark,mkmk
for weight in Regular Bold; do
    pyftsubset "$cjk/NotoSansCJK-$weight.ttc" --font-number=2 --text-file="$work/han.txt" \
        --layout-features=$features $common --output-file="NotoSansSC-$weight.otf"
    pyftsubset "$cjk/NotoSansCJK-$weight.ttc" --font-number=7 --text-file="$work/mono.txt" \
        --layout-features=ccmp $common --output-file="Mono-$weight.otf"
    pyftsubset "$source_sans/SourceSans3-$weight.otf" --text-file="$work/latin.txt" \
        --layout-features=kern,liga,calt,ccmp,locl,mark,mkmk $common \
        --output-file="$work/latin-$weight.otf"
    for font in NotoSans-$weight NotoSansSymbols2-Regular NotoSansSymbols-$weight NotoSansMath-Regular; do
        pyftsubset "$noto/$font.ttf" --text-file="$work/$font.txt" --layout-features= $common \
            --drop-tables+=GSUB,GPOS,GDEF --output-file="$work/$font-$weight.ttf"
    done
done
pyftsubset "$emoji/600SemiBold/NotoEmoji_600SemiBold.ttf" --unicodes='*' --layout-features='*' $common \
    --output-file="$work/emoji.ttf"
python3 assemble.py "$work"
