"""Routes of the fake: answers to interactions, and the follow-ups that their token allows for 15 minutes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.discord_wire.limits import choices_problems, message_problems, modal_problems
from tests.discord_wire.messages import Attachments, invalid
from tests.discord_wire.rest import Answer, Call, Rest
from tests.discord_wire.world import ApiError, Json, World, unknown

EPHEMERAL, LOADING = 1 << 6, 1 << 7
MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
TYPED, PRESSED, TYPING, SUBMITTED = 2, 3, 4, 5

_ALLOWED = {
    TYPED: {MESSAGE, DEFERRED, MODAL},
    PRESSED: {MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL},
    TYPING: {CHOICES},
    SUBMITTED: {MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE},
}
Match = re.Match[str]


@dataclass(slots=True)
class Exchange:
    """Something a person did, and all that came back for it."""

    payload: Json
    """INTERACTION_CREATE, as the bot got it."""
    channel: Json
    sent_at: float
    message: Json | None = None
    """The message whose button was pressed."""
    kind: int | None = None
    """Of the first answer: message, deferred, choices, modal and so on; None without any."""
    answer: Json = field(default_factory=dict)
    """The first answer's data."""
    answered_at: float = 0.0
    original: Json | None = None
    """The message that the first answer made; deferred ones are loading until they are filled."""
    shown: list[Json] = field(default_factory=list)
    """All messages that came of it, first to last, as they stand now."""
    removed: list[Json] = field(default_factory=list)

    @property
    def waited_s(self) -> float:
        """From what the person did to the first answer."""
        return self.answered_at - self.sent_at

    @property
    def done(self) -> bool:
        """There is an answer, and nothing of it says that the bot is thinking."""
        return self.kind is not None and not any(one["flags"] & LOADING for one in self.shown)


class Answers:
    """Interactions under way, by token."""

    def __init__(
        self,
        rest: Rest,
        world: World,
        attachments: Attachments,
        dispatch: Callable[[str, Json], Awaitable[None]],
    ) -> None:
        self.answer_within_s = 3.0
        self.token_lasts_s = 900.0
        self.exchanges: dict[str, Exchange] = {}
        self._world = world
        self._attachments = attachments
        self._dispatch = dispatch
        app = world.bot["id"]
        original = f"/webhooks/{app}/{{}}/messages/"
        rest.add("POST", "/interactions/{}/{}/callback", self._callback)
        rest.add("POST", f"/webhooks/{app}/{{}}", self._follow_up)
        for method, route in (("GET", self._get), ("PATCH", self._edit), ("DELETE", self._delete)):
            rest.add(method, original + "{}", route)

    async def _callback(self, call: Call, match: Match) -> Answer:
        now = asyncio.get_running_loop().time()
        exchange = self.exchanges.get(match.group(2))
        if exchange is None or exchange.payload["id"] != match.group(1):
            raise unknown("interaction", 10062)
        if exchange.kind is not None:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        if now - exchange.sent_at > self.answer_within_s:
            raise unknown("interaction", 10062)
        kind, data = call.body["type"], call.body.get("data") or {}
        if kind not in _ALLOWED[exchange.payload["type"]]:
            raise invalid([f"type: {kind} is no answer to an interaction of type {exchange.payload['type']}"])
        if kind in (UPDATE, DEFERRED_UPDATE) and exchange.message is None:
            raise invalid([f"type: {kind} without a message to update"])
        if problems := _problems(kind, data, _file_count(call)):
            raise invalid(problems)
        exchange.kind, exchange.answer, exchange.answered_at = kind, data, now
        if kind in (MESSAGE, DEFERRED):
            flags = (data.get("flags") or 0) | (LOADING if kind == DEFERRED else 0)
            exchange.original = await self._write(exchange, {**data, "flags": flags}, call)
        elif kind == UPDATE and exchange.message is not None:
            self._world.edit(exchange.message, data)
            exchange.original = exchange.message
            exchange.shown.append(exchange.message)
            await self._announce("MESSAGE_UPDATE", exchange.message)
        elif kind == DEFERRED_UPDATE:
            exchange.original = exchange.message
        return self._told(exchange, call)

    def _told(self, exchange: Exchange, call: Call) -> Answer:
        if call.query.get("with_response", "").lower() not in ("1", "true"):
            return Answer()
        original, kind = exchange.original, exchange.kind
        interaction = {"id": exchange.payload["id"], "type": exchange.payload["type"]}
        resource: Json = {"type": kind}
        if original is not None:
            interaction |= {
                "response_message_id": original["id"],
                "response_message_loading": bool(original["flags"] & LOADING),
                "response_message_ephemeral": bool(original["flags"] & EPHEMERAL),
            }
            if kind in (MESSAGE, DEFERRED, UPDATE):
                resource["message"] = original
        return Answer({"interaction": interaction, "resource": resource})

    async def _follow_up(self, call: Call, match: Match) -> Answer:
        exchange = self._under_way(match)
        body = call.body or {}
        if problems := message_problems(body, files=_file_count(call)):
            raise invalid(problems)
        original = exchange.original
        if original is not None and original["flags"] & LOADING:
            # The first follow-up fills the message that says "thinking", and is seen by whom that was for.
            self._fill(original, body, call)
            await self._announce("MESSAGE_UPDATE", original)
            return Answer(original)
        return Answer(await self._write(exchange, body, call))

    async def _get(self, call: Call, match: Match) -> Answer:
        return Answer(self._named(match)[1])

    async def _edit(self, call: Call, match: Match) -> Answer:
        exchange, message = self._named(match)
        if problems := message_problems(call.body or {}, files=_file_count(call), editing=True):
            raise invalid(problems)
        self._fill(message, call.body or {}, call)
        if message not in exchange.shown:
            exchange.shown.append(message)
        await self._announce("MESSAGE_UPDATE", message)
        return Answer(message)

    async def _delete(self, call: Call, match: Match) -> Answer:
        exchange, message = self._named(match)
        exchange.shown = [one for one in exchange.shown if one is not message]
        exchange.removed.append(message)
        self._world.messages[message["channel_id"]].pop(message["id"], None)
        return Answer()

    def _under_way(self, match: Match) -> Exchange:
        exchange = self.exchanges.get(match.group(1))
        if exchange is None or exchange.kind is None:
            raise unknown("Webhook", 10015)
        if asyncio.get_running_loop().time() - exchange.sent_at > self.token_lasts_s:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return exchange

    def _named(self, match: Match) -> tuple[Exchange, Json]:
        exchange = self._under_way(match)
        everything = [*exchange.shown, *([exchange.original] if exchange.original else [])]
        wanted = match.group(2)
        found = exchange.original if wanted == "@original" else None
        found = found or next((one for one in everything if one["id"] == wanted), None)
        if found is None or found in exchange.removed:
            raise unknown("Message", 10008)
        return exchange, found

    def _fill(self, message: Json, body: Json, call: Call) -> None:
        ephemeral = message["flags"] & EPHEMERAL
        self._world.edit(message, body)
        message["flags"] = (message["flags"] & ~LOADING) | ephemeral
        stored = self._attachments.store(call, message["channel_id"])
        if "attachments" in body or stored:
            kept = {str(one.get("id")) for one in body.get("attachments") or []}
            message["attachments"] = [one for one in message["attachments"] if one["id"] in kept] + stored

    async def _write(self, exchange: Exchange, body: Json, call: Call) -> Json:
        stored = self._attachments.store(call, exchange.channel["id"])
        payload = exchange.payload
        person = payload.get("user") or payload["member"]["user"]
        message = self._world.new_message(
            exchange.channel,
            self._world.bot,
            body,
            attachments=stored,
            webhook_id=self._world.bot["id"],
            application_id=self._world.bot["id"],
            type=20 if payload["type"] == TYPED else 0,
            interaction_metadata={
                "id": payload["id"],
                "type": payload["type"],
                "user": person,
                "authorizing_integration_owners": payload["authorizing_integration_owners"],
            },
        )
        exchange.shown.append(message)
        if message["flags"] & EPHEMERAL:
            # Seen by one person only: neither in the channel's history nor told to anybody else.
            del self._world.messages[exchange.channel["id"]][message["id"]]
        await self._announce("MESSAGE_CREATE", message)
        return message

    async def _announce(self, event: str, message: Json) -> None:
        if message["flags"] & EPHEMERAL:
            return
        channel = self._world.channels[message["channel_id"]]
        more = {"guild_id": channel["guild_id"]} if "guild_id" in channel else {}
        await self._dispatch(event, {**message, **more})


def _problems(kind: int, data: Json, files: int) -> list[str]:
    match kind:
        case 4:
            return message_problems(data, files=files)
        case 7:
            return message_problems(data, files=files, editing=True)
        case 8:
            return choices_problems(data.get("choices") or [])
        case 9:
            return modal_problems(data)
    return []


def _file_count(call: Call) -> int:
    return sum(name.startswith("files[") and not name.endswith(" name") for name in call.files)
