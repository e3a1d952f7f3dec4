#!/usr/bin/env python3
"""Makes a picture with ComfyUI, for `model = "command/comfy"` of gpbuild.

In your own config.toml (`docs/commands.md` says where that is):

    [command.comfy]
    program = "/usr/bin/python3"
    args = ["/home/me/bin/comfyui.py", "/home/me/bin/workflow.json"]
    environment = ["COMFYUI_URL"]   # where it is; http://127.0.0.1:8188 unless it says otherwise
    cost = 0                        # it runs on your own machine

The workflow is what ComfyUI saves with "Export (API)". In it, "%prompt%", "%width%", "%height%", "%n%" and "%seed%" are
filled in; a number stands alone between the quotes and becomes one.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

WRONG, UNAVAILABLE = 64, 69  # nothing was made: gpbuild may run this again


def filled(value, words):
    """The workflow with its words filled in."""
    if isinstance(value, dict):
        return {key: filled(inner, words) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, words) for inner in value]
    if not isinstance(value, str):
        return value
    if value in words:
        return words[value]
    for word, text in words.items():
        value = value.replace(word, str(text))
    return value


def call(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def main():
    asked = json.load(sys.stdin)
    if asked["references"] or asked["mask"]:
        sys.exit(refuse(WRONG, "this workflow takes no references and no mask"))
    with open(sys.argv[1], encoding="utf-8") as file:
        workflow = json.load(file)
    workflow = filled(workflow, {
        "%prompt%": asked["prompt"], "%width%": asked["width"], "%height%": asked["height"], "%n%": asked["n"],
        # The same for the same request, so that it can be made again.
        "%seed%": int(asked["id"].split("-")[1][:12], 16),
    })
    base = os.environ.get("COMFYUI_URL", "http://127.0.0.1:8188").rstrip("/")
    try:
        queued = json.loads(call(f"{base}/prompt", {"prompt": workflow}))
    except urllib.error.HTTPError as error:
        sys.exit(refuse(WRONG, error.read(2000).decode(errors="replace")))
    except OSError as error:
        sys.exit(refuse(UNAVAILABLE, f"{base}: {error}"))
    number = queued["prompt_id"]
    while not (done := json.loads(call(f"{base}/history/{number}")).get(number)):
        time.sleep(0.2)
    status = done.get("status", {})
    if status.get("status_str") == "error":
        sys.exit(f"ComfyUI failed: {json.dumps(status.get('messages', ''))[-1000:]}")
    images = [image for node in done["outputs"].values() for image in node.get("images", [])]
    for n, image in enumerate(image for image in images if image.get("type", "output") == "output"):
        where = urllib.parse.urlencode({key: image.get(key, "") for key in ("filename", "subfolder", "type")})
        with open(os.path.join(asked["output"], f"{n:02}.png"), "wb") as file:
            file.write(call(f"{base}/view?{where}"))


def refuse(code, why):
    print(why, file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
