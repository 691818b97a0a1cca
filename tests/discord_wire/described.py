"""Judge payloads by Discord's own OpenAPI description, stricter than it is: an unknown key is a mistake too."""

from __future__ import annotations

import copy
import gzip
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.discord_wire.rest import Call

_ROOT = "urn:discord"
_UPDATE = 7

UNDESCRIBED = {"nsfw", "name_localizations", "description_localizations"}
"""Keys that Discord's documents name where its description leaves them out: ``nsfw`` of commands (resources/
application-commands, command object), and localisations wherever there is a name."""

_formats = FormatChecker(formats=())


@_formats.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@_formats.checks("uri", raises=ValueError)
def _is_address(value: object) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme and not re.search(r"\s", value))


@_formats.checks("int32")
def _is_int32(value: object) -> bool:
    return not isinstance(value, int) or -(2**31) <= value < 2**31


@_formats.checks("nonce")
def _is_nonce(value: object) -> bool:
    return not isinstance(value, str) or 1 <= len(value) <= 25


class Description:
    """Discord's OpenAPI description, ready to judge requests."""

    def __init__(self, path: Path) -> None:
        described = json.loads(gzip.decompress(path.read_bytes()))
        self._paths = sorted(
            (self._pattern(template), template, operations)
            for template, operations in described["paths"].items()
        )
        closed = _without_unknown_keys(copy.deepcopy(described["components"]))
        document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": closed}
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(_ROOT, resource)
        self._validators: dict[str, Draft202012Validator] = {}

    @staticmethod
    def _pattern(template: str) -> tuple[int, str]:
        """How many parts are open, and the expression: fixed paths come before open ones."""
        return template.count("{"), re.sub(r"\{[^}]+\}", "[^/]+", template) + "$"

    def problems(self, call: Call) -> list[str]:
        """What is wrong with a request: its route, its query, its body; empty when nothing is."""
        place = f"{call.method} {call.path}"
        found = next(
            (
                (template, operations[call.method.lower()])
                for (_, pattern), template, operations in self._paths
                if call.method.lower() in operations and re.match(pattern, call.path)
            ),
            None,
        )
        if found is None:
            return [f"{place}: no such route"]
        template, operation = found
        known = {one.get("name") for one in operation.get("parameters", [])}
        problems = [f"{place}: unknown query {name!r}" for name in call.query if name not in known]
        content = operation.get("requestBody", {}).get("content", {})
        if call.body is None:
            return problems
        if not content:
            return [*problems, f"{place}: takes no body"]
        # Beside files the JSON is a part of its own, and the same as without them.
        body = _as_taken(call.body, editing=call.method == "PATCH")
        error = best_match(self._validator(call.method + template, content).iter_errors(body))
        if error is not None:
            where = "/".join(str(part) for part in error.absolute_path)
            problems.append(f"{place}: {where}: {error.message[:300]}")
        return problems

    def _validator(self, key: str, content: dict[str, Any]) -> Draft202012Validator:
        if key not in self._validators:
            schema = _rooted(copy.deepcopy(content["application/json"]["schema"]))
            self._validators[key] = Draft202012Validator(
                _without_unknown_keys(schema), registry=self._registry, format_checker=_formats
            )
        return self._validators[key]


def _as_taken(body: Any, *, editing: bool) -> Any:
    """A body without what discord.py always adds and Discord takes all the same.

    That is ``tts`` where a message is edited, and numbers instead of texts as ids: of files to come, of the message
    that is replied to, of a person to write to, of what a form shows as chosen.
    """
    if not isinstance(body, dict):
        return body
    taken = _ids_as_texts(body)
    if isinstance(taken.get("data"), dict):
        taken["data"] = _as_taken(taken["data"], editing=taken.get("type") == _UPDATE)
    if editing and taken.get("tts") is False:
        del taken["tts"]
    if taken.get("attachments"):
        taken["attachments"] = [{**one, "id": str(one["id"])} for one in taken["attachments"]]
    for label in taken.get("components") or ():
        if chosen := (label.get("component") or {}).get("default_values"):
            texts = [{**one, "id": str(one["id"])} for one in chosen]
            label["component"] = {**label["component"], "default_values": texts}
    if taken.get("message_reference"):
        taken["message_reference"] = _ids_as_texts(taken["message_reference"])
    return taken


def _ids_as_texts(body: dict[str, Any]) -> dict[str, Any]:
    return {
        key: str(value) if key.endswith("_id") and isinstance(value, int) else value
        for key, value in body.items()
    }


def _rooted(schema: Any) -> Any:
    """A schema whose references name the document they point into."""
    if isinstance(schema, dict):
        return {
            key: f"{_ROOT}{value}" if key == "$ref" and value.startswith("#") else _rooted(value)
            for key, value in schema.items()
        }
    return [_rooted(one) for one in schema] if isinstance(schema, list) else schema


def _without_unknown_keys(schema: Any) -> Any:
    """The same, refusing keys that an object's description does not name."""
    if isinstance(schema, list):
        return [_without_unknown_keys(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _without_unknown_keys(value) for key, value in schema.items()}
    named = closed.get("properties")
    if isinstance(named, dict) and closed.get("type") == "object" and "additionalProperties" not in closed:
        allowed = {key: True for key in UNDESCRIBED if key not in named and "name" in named}
        closed["properties"] = {**named, **allowed}
        closed["additionalProperties"] = False
    return closed
