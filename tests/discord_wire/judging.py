"""Judge everything that the bot sent: by Discord's description where it is at hand, and by the house's own rules."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from tests.discord_wire.described import Description
from tests.discord_wire.limits import message_problems
from tests.discord_wire.rest import Call
from tests.discord_wire.server import FakeDiscord
from tests.discord_wire.world import Json

DATA = "ONRECORD_DATA"
_MESSAGES = r"/messages$|/messages/[^/]+$|^/webhooks/"
_MESSAGE_KINDS = (4, 7)


def described() -> Description:
    """Discord's own description of its API; the test is skipped where it is not at hand."""
    if DATA not in os.environ:
        pytest.skip(f"{DATA} is not set: Discord's OpenAPI description lies in platforms/ of that folder")
    path = Path(os.environ[DATA]) / "platforms" / "discord-openapi.json.gz"
    if not path.exists():
        pytest.skip(f"{path} is missing: it is Discord's OpenAPI description, gzipped")
    return _read(path)


@cache
def _read(path: Path) -> Description:
    return Description(path)


def house_rules(server: FakeDiscord) -> list[str]:
    """Every message within Discord's limits and pinging nobody; every request to a route that is there."""
    found = [f"no such route: {call.method} {call.path}" for call in server.rest.strangers]
    for call in server.payloads():
        message = _message(call)
        if message is None:
            continue
        where = f"{call.method} {call.path}"
        files = sum(name.startswith("files[") and not name.endswith(" name") for name in call.files)
        found += [f"{where}: {problem}" for problem in message_problems(message, files=files, editing=True)]
        allowed = message.get("allowed_mentions") or {}
        if allowed.get("parse") != [] or any(allowed.get(key) for key in ("users", "roles", "replied_user")):
            found.append(f"{where}: allowed_mentions is {allowed}")
        if call.is_for("POST", r"/channels/\d+/messages$") and not (
            message.get("nonce") and message.get("enforce_nonce")
        ):
            found.append(f"{where}: without a nonce")
    return found


def _message(call: Call) -> Json | None:
    """The message in a request; None when it carries none."""
    if call.path.startswith("/interactions/"):
        return call.body.get("data") if call.body["type"] in _MESSAGE_KINDS else None
    carries = call.is_for("POST", _MESSAGES) or call.is_for("PATCH", _MESSAGES)
    return call.body if carries else None
