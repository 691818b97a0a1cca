"""Whether what the bot sends is what Discord takes: its own OpenAPI description, and limits that this leaves out."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import referencing
from referencing.jsonschema import DRAFT202012

from bot.message import discord_limits as limits

Json = Any
_PLACE = "urn:discord"
BODIES = {
    # how a request's path ends: (method, the path in the description)
    "messages": ("POST", "/channels/{channel_id}/messages"),
    "callback": ("POST", "/interactions/{interaction_id}/{interaction_token}/callback"),
    "@original": ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/@original"),
    "commands": ("PUT", "/applications/{application_id}/commands"),
    "threads": ("POST", "/channels/{channel_id}/messages/{message_id}/threads"),
}


@cache
def description() -> Json | None:
    folder = os.environ.get("ONRECORD_DATA", "")
    path = Path(folder) / "platforms" / "discord-openapi.json.gz"
    if not folder or not path.exists():
        return None
    with gzip.open(path) as file:
        return json.load(file)


def needs_description() -> Json:
    """Return Discord's description, or skip the test that needs it."""
    found = description()
    if found is None:
        pytest.skip("ONRECORD_DATA names no folder with platforms/discord-openapi.json.gz")
    return found


@cache
def validator(method: str, path: str) -> jsonschema.Draft202012Validator:
    whole = description()
    assert whole is not None
    body = whole["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]["schema"]
    pointer = json.dumps(body).replace("#/components", f"{_PLACE}#/components")
    registry = referencing.Registry().with_resource(_PLACE, DRAFT202012.create_resource(whole))
    return jsonschema.Draft202012Validator(json.loads(pointer), registry=registry)


def check_requests(requests: Iterable[Any]) -> None:
    """Check every request's body; raise ``AssertionError`` with the first that Discord would refuse."""
    for request in requests:
        body = request.json
        if body is None:
            continue
        check_limits(body)
        ending = request.path.rstrip("/").rpartition("/")[2]
        if ending in BODIES and BODIES[ending][0] == request.method and description() is not None:
            check(ending, body)


def check(ending: str, body: Json) -> None:
    """Check one body against the description."""
    errors = sorted(
        validator(*BODIES[ending]).iter_errors(_as_written(body)), key=lambda error: len(error.path)
    )
    worst = jsonschema.exceptions.best_match(errors)
    assert worst is None, f"{ending}: {worst.message[-300:]} at {list(worst.absolute_path)}"


def _as_written(body: Json) -> Json:
    """discord.py sends some snowflakes as numbers, which Discord takes as well as the strings it describes."""
    if isinstance(body, dict):
        if "filename" in body:
            body = body | {"id": str(body["id"])}
        if isinstance(body.get("roles"), list):
            body = body | {"roles": [str(role) for role in body["roles"]]}
        return {
            key: str(value) if key.endswith("_id") and isinstance(value, int) else _as_written(value)
            for key, value in body.items()
        }
    return [_as_written(one) for one in body] if isinstance(body, list) else body


def check_limits(body: Json) -> None:
    """Check what the description does not know: texts together, components together, nobody pinged."""
    messages = [body["data"]] if isinstance(body, dict) and isinstance(body.get("data"), dict) else [body]
    for message in messages:
        if not isinstance(message, dict):
            continue
        found = list(walk(message.get("components") or []))
        if not found or message.get("title"):
            continue
        displayed = sum(len(one.get("content", "")) for one in found)
        assert displayed <= limits.TEXT_CHARS, displayed
        assert len(found) <= limits.COMPONENTS, len(found)
        custom_ids = [one["custom_id"] for one in found if "custom_id" in one]
        assert all(1 <= len(custom_id) <= limits.CUSTOM_ID for custom_id in custom_ids)
        assert len(custom_ids) == len(set(custom_ids)), "two components with one custom_id"
        for one in found:
            assert len(one.get("label") or "") <= limits.BUTTON_LABEL
            if one["type"] == 1:
                assert 1 <= len(one["components"]) <= limits.ROW_BUTTONS
        assert message.get("flags", 1 << 15) & 1 << 15
        assert message.get("allowed_mentions", {}).get("parse") == [], "somebody could be pinged"


def walk(components: Iterable[Json]) -> Iterator[Json]:
    for component in components:
        yield component
        yield from walk(component.get("components", ()))
        if component.get("component"):
            yield component["component"]
