"""What gpbuild sends, sent again by the official package of each provider that has one.

gpbuild asks one server of tests/api-server. Each body that it sent is given to the provider's own package, field by field,
which asks another such server. So the package has a place for each field and takes its type, it sends what gpbuild sent and
nothing else, the server takes what the package sends, and the package reads what the server answers. Ends with 1 where one
of these is not so.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

BINARIES = Path(sys.argv[1])


class Server:
    """A provider as tests/api-server plays it."""

    def __init__(self, name):
        self.process = subprocess.Popen(
            [BINARIES / "api-server", "--provider", name], stdout=subprocess.PIPE, text=True
        )
        self.base = self.process.stdout.readline().strip().split("=", 1)[1]
        self.key = self.process.stdout.readline().strip().split("=", 1)[1]

    def seen(self):
        """The bodies that it took; it must have refused none."""
        host = "/".join(self.base.split("/")[:3])
        with urllib.request.urlopen(f"{host}/_seen") as answer:
            seen = json.load(answer)
        assert seen["wrong"] == [], seen["wrong"]
        return seen["accepted"]

    def close(self):
        self.process.kill()
        self.process.wait()


def of_gpbuild(name, model, size, variable, has_references):
    """What gpbuild sends for a cover, and for one that draws from it."""
    server = Server(name)
    with tempfile.TemporaryDirectory() as folder:
        manifest = f'[defaults]\nmodel = "{name}/{model}"\nsize = "{size}"\n'
        manifest += '[cover.a]\ntext = { headline = "one" }\n'
        if has_references:
            manifest += '[cover.b]\nreferences = [{ asset = "a" }]\ntext = { headline = "two" }\n'
        Path(folder, "gpbuild.toml").write_text(manifest)
        environment = {
            "PATH": os.environ["PATH"],
            "GPBUILD_HOME": f"{folder}/home",
            f"{name.upper()}_BASE_URL": server.base,
            variable: server.key,
        }
        built = subprocess.run(
            [BINARIES / "gpbuild", "-C", folder, "build", "--yes"],
            env=environment, capture_output=True, text=True,
        )
        assert built.returncode == 0, built.stdout + built.stderr
    sent = server.seen()
    server.close()
    return sent


def ark(server, body):
    from volcenginesdkarkruntime import Ark

    answer = Ark(base_url=server.base, api_key=server.key).images.generate(**body)
    return len(answer.data[0].b64_json)


def dashscope(server, body):
    import dashscope as package
    from dashscope.aigc.image_generation import ImageGeneration

    package.base_http_api_url = server.base
    messages = body["input"]["messages"]
    task = ImageGeneration.async_call(
        body["model"], api_key=server.key, messages=messages, **body["parameters"]
    )
    done = ImageGeneration.wait(task, api_key=server.key)
    return len(done.output.choices[0].message.content[0]["image"])


def fal(server, body):
    import fal_client.client as package

    package.QUEUE_URL_FORMAT = server.base + "/"
    application = "fal-ai/flux-2-pro" + ("/edit" if "image_urls" in body else "")
    client = package.SyncClient(key=server.key)
    handle = client.submit(application, body, headers={"x-fal-no-retry": "1"})
    handle.status()
    return len(handle.get()["images"][0]["url"])


def gemini(server, body):
    from google import genai
    from google.genai import types

    # By itself it asks v1; the recorded answers are of v1beta, which gpbuild asks.
    options = types.HttpOptions(base_url=server.base, api_version="v1beta")
    client = genai.Client(api_key=server.key, http_options=options)
    answer = client.models.generate_content(
        model="gemini-nano-banana-2.1",
        contents=[types.Content.model_validate(content) for content in body["contents"]],
        config=types.GenerateContentConfig.model_validate(body["generationConfig"]),
    )
    parts = answer.candidates[0].content.parts
    return sum(len(part.inline_data.data) for part in parts if part.inline_data)


def openrouter(server, body):
    from openrouter import OpenRouter, components

    components.ImageGenerationRequest.model_validate(body)
    answer = OpenRouter(api_key=server.key, server_url=server.base).images.generate(**body)
    assert answer.usage.cost > 0
    return len(answer.data[0].b64_json)


def replicate(server, body):
    import replicate as package

    client = package.Client(api_token=server.key, base_url=server.base.removesuffix("/v1"))
    prediction = client.models.predictions.create("black-forest-labs/flux-2-pro", **body)
    prediction.wait()
    return len(prediction.output)


def together(server, body):
    from pydantic import TypeAdapter
    from together import Together
    from together.types import ImageGenerateParams

    TypeAdapter(ImageGenerateParams).validate_python(body, extra="forbid")
    host = server.base.removesuffix("/v1")
    answer = Together(base_url=host, api_key=server.key).images.generate(**body)
    return len(answer.data[0].b64_json)


def glm_image(server, body):
    from zai import ZaiClient

    images = ZaiClient(base_url=server.base, api_key=server.key).images
    task = images.async_generations(**body)
    return len(images.retrieve_images_result(task.id).image_result[0].url)


def cogview(server, body):
    from zai import ZaiClient

    images = ZaiClient(base_url=server.base, api_key=server.key).images
    return len(images.generations(**body).data[0].url)


# Provider, model, size, the variable with its key, whether it draws from pictures, its package.
CASES = [
    ("ark", "doubao-seedream-5-0-pro-260628", "1024x1024", "ARK_API_KEY", True, ark),
    ("dashscope", "qwen-image-3.0", "512x512", "DASHSCOPE_API_KEY", True, dashscope),
    ("fal", "fal-ai/flux-2-pro", "128x96", "FAL_KEY", True, fal),
    ("gemini", "gemini-nano-banana-2.1", "800x800", "GOOGLE_API_KEY", True, gemini),
    ("openrouter", "qwen/qwen-image-3", "512x512", "OPENROUTER_API_KEY", True, openrouter),
    ("replicate", "black-forest-labs/flux-2-pro", "128x96", "REPLICATE_API_TOKEN", True, replicate),
    ("together", "black-forest-labs/FLUX.2-pro", "128x96", "TOGETHER_API_KEY", True, together),
    ("zhipu", "glm-image", "1024x1024", "ZAI_API_KEY", False, glm_image),
    ("zhipu", "cogview-4-250304", "512x512", "ZAI_API_KEY", False, cogview),
]


def plain(value):
    """What was sent, where it is one thing whichever way it is written.

    Null is nothing, and so is the note of one package for itself; another one writes names with underscores and base64 in
    the other alphabet, which are the same to what reads them.
    """
    match value:
        case dict():
            fields = {name: one for name, one in value.items() if one is not None and name != "is_async"}
            if "mime_type" in fields:
                fields["mimeType"] = fields.pop("mime_type")
                fields["data"] = fields["data"].replace("-", "+").replace("_", "/")
            return {name: plain(one) for name, one in fields.items()}
        case list():
            return [plain(one) for one in value]
        case _:
            return value


def main():
    for name, model, size, variable, has_references, ask in CASES:
        sent = of_gpbuild(name, model, size, variable, has_references)
        assert len(sent) == 1 + has_references, f"{name}: {sent}"
        server = Server(name)
        for body in sent:
            assert ask(server, body) > 20, f"{name}: nothing came"
        again = server.seen()
        server.close()
        for ours, theirs in zip(sent, again, strict=True):
            theirs = plain(theirs)
            assert ours == theirs, f"{name}: gpbuild sent {ours}, its package {theirs}"
        print(f"{name}/{model}: {len(sent)} requests, the same by its package")


main()
