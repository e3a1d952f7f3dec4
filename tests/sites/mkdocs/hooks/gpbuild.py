import json
from pathlib import Path


def on_config(config):
    index = json.loads(Path("gpbuild.json").read_text(encoding="utf-8"))
    config.extra["pictures"] = {
        picture["source"]: picture
        for picture in index["assets"].values()
        if picture["preset"] == "open-graph" and "source" in picture
    }
    return config
