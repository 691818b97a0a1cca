"""What a button or a form of ours does, sealed into its ``custom_id``: signed, versioned, with its age. Pure.

So a press works after a restart without anything kept in memory, and nobody else's component is taken for ours.
The seal is a MAC under a key made from the bot's token: a new token makes old buttons strangers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from bot.commands import catalog
from bot.message.discord_limits import CUSTOM_ID
from bot.platforms.discord_commands import Used
from bot.queries import KEPT

VERSION = "o1"
Does = Literal["line", "post", "page", "form"]

_LETTERS: dict[Does, str] = {"line": "l", "post": "p", "page": "n", "form": "f"}
_DOES: dict[str, Does] = {letter: does for does, letter in _LETTERS.items()}
_EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_SEAL_BYTES = 6
"""48 bits: a guess costs a press, and a wrong one is answered as a stranger's."""
_SEPARATOR = "~"
_VALUE_SEPARATOR = "|"
_IS = "="
_HEAD = 3
_FIELDS = 4


@dataclass(frozen=True, slots=True)
class Press:
    """What a component of ours stands for."""

    does: Does
    line: str = ""
    """The command line that it types; of a page, the one that shows it again (empty: the answer itself)."""
    followup: str = ""
    """Id of the stored answer it goes on from."""
    anew: str = ""
    """The line that asks again when the stored answer has gone."""
    number: int = 0
    """Of a page, of an answer or of a form; also tells apart buttons that do the same."""


class Stranger(Exception):
    """This component is none of ours, or of a version that we do not know."""


class Expired(Exception):
    """This component is ours, but older than an answer is kept."""

    def __init__(self, press: Press) -> None:
        super().__init__("the component is older than an answer is kept")
        self.press = press


class Seals:
    """Makes and opens ``custom_id``s."""

    def __init__(self, token: str) -> None:
        self._key = hashlib.blake2b(token.encode(), digest_size=32, person=b"onrecord buttons").digest()

    def seal(self, press: Press, now: datetime) -> str | None:
        """Return the ``custom_id`` of a component; None when what it does is too long for one.

        The line that asks anew is left out first; of a form's values the longest ones, but never its channel.
        """
        whole = self._sealed(press, press.anew, now)
        while len(whole) > CUSTOM_ID and press.does == "form" and _VALUE_SEPARATOR in press.anew:
            press = replace(press, anew=_without_longest(press.anew))
            whole = self._sealed(press, press.anew, now)
        if len(whole) > CUSTOM_ID:
            whole = self._sealed(press, "", now)
        readable = _SEPARATOR not in press.line and _SEPARATOR not in press.anew
        return whole if readable and len(whole) <= CUSTOM_ID else None

    def open(self, custom_id: str, now: datetime) -> Press:
        """Return what a component does; raise ``Stranger`` or ``Expired``."""
        parts = custom_id.split(".", _HEAD)
        if len(parts) != _HEAD + 1 or parts[0] != VERSION or parts[1][:1] not in _DOES:
            raise Stranger
        _, head, seal, payload = parts
        if not hmac.compare_digest(seal, self._mac(f"{head}.{payload}")):
            raise Stranger
        press = _press(_DOES[head[0]], payload)
        if now >= _EPOCH + int(head[1:], 36) * _MINUTE + KEPT:
            raise Expired(press)
        return press

    def _sealed(self, press: Press, anew: str, now: datetime) -> str:
        age = max(0, (now - _EPOCH) // _MINUTE)
        head = f"{_LETTERS[press.does]}{_base36(age)}"
        fields = (_packed(press.followup), str(press.number or ""), press.line, anew)
        payload = _SEPARATOR.join(fields)
        return f"{VERSION}.{head}.{self._mac(f'{head}.{payload}')}.{payload}"

    def _mac(self, text: str) -> str:
        seal = hmac.digest(self._key, text.encode(), "sha256")[:_SEAL_BYTES]
        return base64.urlsafe_b64encode(seal).decode()


def form_press(asked: Used, page: int = 1, *, without: Container[str] = ()) -> Press:
    """Return what opens a form with all that was given, or what a form carries beside its inputs (``without``)."""
    command = catalog.find(asked.command)
    kept = [str(asked.channel_id or "")]
    for place, parameter in enumerate(command.parameters if command else ()):
        value = asked.given.get(parameter.name, "").replace(_VALUE_SEPARATOR, " ").replace(_SEPARATOR, " ")
        if value and parameter.name not in without:
            kept.append(f"{place}{_IS}{value}")
    return Press("form", asked.command, anew=_VALUE_SEPARATOR.join(kept), number=page)


def asked_in(press: Press) -> Used:
    """Read a form's press back."""
    command = catalog.find(press.line)
    names = [one.name for one in command.parameters] if command else []
    channel, *values = press.anew.split(_VALUE_SEPARATOR)
    given = {}
    for kept in values:
        place, _, value = kept.partition(_IS)
        if place.isdecimal() and int(place) < len(names):
            given[names[int(place)]] = value
    return Used(press.line, given, int(channel) if channel.isdecimal() else None)


def _without_longest(kept: str) -> str:
    channel, *values = kept.split(_VALUE_SEPARATOR)
    values.remove(max(values, key=len))
    return _VALUE_SEPARATOR.join((channel, *values))


def _press(does: Does, payload: str) -> Press:
    fields = payload.split(_SEPARATOR)
    if len(fields) != _FIELDS:
        raise Stranger
    followup, number, line, anew = fields
    return Press(does, line, _unpacked(followup), anew, int(number) if number.isdecimal() else 0)


def _packed(followup: str) -> str:
    """Return a follow-up's id, 32 hexadecimal digits, as 22 letters; any other id as it is."""
    try:
        raw = bytes.fromhex(followup)
    except ValueError:
        return f"={followup}"
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unpacked(packed: str) -> str:
    if packed.startswith("="):
        return packed[1:]
    try:
        return base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).hex()
    except (ValueError, binascii.Error) as error:
        raise Stranger from error


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits or "0"
