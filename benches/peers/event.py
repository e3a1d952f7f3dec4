"""The design of design.mjs by typst: `pip install typst`. Arguments as those of the other peers."""

import json
import pathlib
import sys

import typst

words_file, out = sys.argv[1], pathlib.Path(sys.argv[2])
words = json.loads(pathlib.Path(words_file).read_text(encoding="utf-8"))
page = pathlib.Path(__file__).with_name("event.typ")
compiler = typst.Compiler(str(page), font_paths=[words["fonts"]], ignore_system_fonts=True)
out.mkdir(parents=True, exist_ok=True)
for n, headline in enumerate(words["headlines"]):
    inputs = {"headline": headline, "badge": words["badge"], "subhead": words["subhead"], "footer": words["footer"]}
    inputs["captions"] = "|".join(words["captions"])
    (out / f"{n}.png").write_bytes(compiler.compile(format="png", ppi=72, sys_inputs=inputs))
