"""What tests/sites/run asks of a site that a generator has built: does each post's page name its own picture?

    check.py PROJECT INDEX BUILT

The page is found by the post's name alone, and its picture by what the page says: nothing of gpbuild's layout is known
here but the index. Needs Python 3 and nothing else.
"""

import json
import struct
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

SITE = "https://example.org"


class Meta(HTMLParser):
    """The `og:` properties of a page, each with all its values."""

    def __init__(self, html):
        super().__init__()
        self.properties = {}
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        if tag == "meta" and (named.get("property") or "").startswith("og:image"):
            self.properties.setdefault(named["property"], []).append(named["content"])


def size(data):
    """Width and height in pixels of a PNG, a baseline or progressive JPEG, or a lossy WebP, read from its bytes."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return struct.unpack(">II", data[16:24])
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8 ":
        return tuple(value & 0x3FFF for value in struct.unpack("<HH", data[26:30]))
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if data.startswith(b"\xff\xd8"):
        at = 2
        while data[at + 1] not in (0xC0, 0xC1, 0xC2):
            at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        height, width = struct.unpack(">HH", data[at + 5 : at + 9])
        return width, height
    raise ValueError("a picture of no known format")


def page_of(built, name):
    """The page of a post, in whichever of the two shapes the generator writes it; none if it was left out."""
    found = [*built.rglob(f"{name}/index.html"), *built.rglob(f"{name}.html")]
    assert len(found) <= 1, f"`{name}` has several pages: {found}"
    return Meta(found[0].read_text(encoding="utf-8")).properties if found else None


def check(project, index, built):
    index = json.loads((project / index).read_text(encoding="utf-8"))
    assert index["version"] == 2, index["version"]
    pictures = {Path(picture["source"]).stem: picture for picture in index["assets"].values()}
    assert sorted(pictures) == ["ship-it", "写给新同事"], sorted(pictures)
    for name, picture in pictures.items():
        said = page_of(built, name)
        assert said, f"`{name}` has no page"
        url = urlsplit(said["og:image"][0])
        wanted = {
            "og:image": said["og:image"],
            "og:image:width": [str(picture["width"])],
            "og:image:height": [str(picture["height"])],
            "og:image:alt": [picture["alt"]],
        }
        assert said == wanted and len(said["og:image"]) == 1, f"`{name}` says {said} and not {wanted}"
        assert f"{url.scheme}://{url.netloc}" == SITE and url.path.isascii(), said["og:image"]
        published = (built / unquote(url.path).lstrip("/")).read_bytes()
        assert published == (project / picture["path"]).read_bytes(), f"`{name}`: another file is published"
        assert size(published) == (picture["width"], picture["height"]) == (1200, 630), size(published)
        print(f"  {name}: {unquote(url.path)}, {picture['format']}, {picture['width']} x {picture['height']}")
    unfinished = page_of(built, "not-yet")
    assert not unfinished, f"a draft without a picture says {unfinished}"


if __name__ == "__main__":
    check(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
