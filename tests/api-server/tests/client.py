"""The official client at work: every call is checked, an error by the class that it is raised as."""

import base64
import os
import struct

import openai


def size(b64: str) -> tuple[int, int]:
    data = base64.b64decode(b64, validate=True)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", data[16:24])


def raises(kind: type, call, code: str | None = None, param: str | None = None) -> None:
    try:
        call()
    except openai.APIError as error:
        assert type(error) is kind, f"{type(error).__name__}: {error}"
        if isinstance(error, openai.APIStatusError):
            assert (error.code, error.param) == (code, param), (error.code, error.param)
            assert error.request_id and error.request_id.startswith("req_")
    else:
        raise AssertionError(f"no {kind.__name__}")


client = openai.OpenAI(max_retries=0, timeout=60)
good = {"model": "gpt-image-2", "prompt": "an otter", "size": "1088x1440", "quality": "low"}

# generate
answer = client.images.generate(**good, n=2, moderation="low", background="opaque")
assert [size(image.b64_json) for image in answer.data] == [(1088, 1440)] * 2
assert (answer.size, answer.quality, answer.output_format) == ("1088x1440", "low", "png")
assert answer.usage.output_tokens == 344
assert answer.usage.total_tokens == answer.usage.input_tokens + 344
assert answer._request_id.startswith("req_")
png = base64.b64decode(answer.data[0].b64_json)

# edit: one file, several files, a mask
answer = client.images.edit(**good, image=("a.png", png))
assert size(answer.data[0].b64_json) == (1088, 1440)
assert answer.usage.input_tokens_details.image_tokens == 34 * 45
answer = client.images.edit(**good, n=2, image=[("a.png", png), ("b.png", png, "image/png")])
assert len(answer.data) == 2
clear = client.images.generate(
    model="gpt-image-2.5-flare", prompt="a mask", size="1088x1440", background="transparent"
)
mask = base64.b64decode(clear.data[0].b64_json)
assert clear.background == "transparent"
client.images.edit(**good, image=("a.png", png), mask=("mask.png", mask))

# streams
events = list(client.images.generate(**good, stream=True, partial_images=2))
kinds = [event.type for event in events]
assert kinds == ["image_generation.partial_image"] * 2 + ["image_generation.completed"], kinds
assert [event.partial_image_index for event in events[:2]] == [0, 1]
assert size(events[-1].b64_json) == (1088, 1440)
assert events[-1].usage.output_tokens == 172 + 200
events = list(client.images.edit(**good, image=("a.png", png), stream=True))
assert [event.type for event in events] == ["image_edit.completed"]

# Azure, in both shapes
azure = {"azure_endpoint": os.environ["AZURE_ENDPOINT"], "max_retries": 0}
classic = openai.AzureOpenAI(**azure, api_version="2025-04-01-preview")
assert size(classic.images.generate(**good).data[0].b64_json) == (1088, 1440)
unified = openai.OpenAI(
    base_url=os.environ["AZURE_ENDPOINT"] + "/openai/v1",
    default_query={"api-version": "preview"},
    max_retries=0,
)
assert size(unified.images.generate(**good).data[0].b64_json) == (1088, 1440)

# what is refused
wrong_key = openai.OpenAI(api_key="sk-wrong-0123456789abcdef", max_retries=0)
raises(openai.AuthenticationError, lambda: wrong_key.images.generate(**good), "invalid_api_key")
raises(
    openai.NotFoundError,
    lambda: client.images.generate(**{**good, "model": "dall-e-3"}),
    "model_not_found",
)
raises(
    openai.BadRequestError,
    lambda: client.images.generate(**{**good, "size": "1080x1440"}),
    "invalid_value",
    "size",
)
wrong = {**good, "prompt": "wrong on purpose"}
raises(
    openai.BadRequestError,
    lambda: client.images.generate(**wrong, response_format="b64_json"),
    "unknown_parameter",
    "response_format",
)
raises(
    openai.BadRequestError,
    lambda: client.images.generate(**wrong, extra_body={"seed": 1}),
    "unknown_parameter",
    "seed",
)
raises(
    openai.BadRequestError,
    lambda: client.images.generate(**{**wrong, "n": 11}),
    "integer_above_max_value",
    "n",
)

# what the test scripts, in its order
fault = {**good, "prompt": "fault"}
for kind, code in [
    (openai.RateLimitError, "rate_limit_exceeded"),
    (openai.RateLimitError, "insufficient_quota"),
    (openai.BadRequestError, "moderation_blocked"),
    (openai.PermissionDeniedError, None),
    (openai.InternalServerError, None),
    (openai.InternalServerError, None),
    (openai.APIConnectionError, None),
]:
    raises(kind, lambda: client.images.generate(**fault), code)
hasty = client.with_options(timeout=1)
raises(openai.APITimeoutError, lambda: hasty.images.generate(**fault))
raises(openai.APIError, lambda: list(client.images.generate(**fault, stream=True)))
patient = client.with_options(max_retries=1)
assert patient.images.generate(**fault).data

print("all good")
