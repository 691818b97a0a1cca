"""Routes of the fake: the bot itself, its servers and commands, channels, messages, threads."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

from tests.discord_wire import world as w
from tests.discord_wire.limits import command_problems, message_problems
from tests.discord_wire.rest import Answer, Call, Rest
from tests.discord_wire.world import ApiError, Json, World, snowflake, timestamp, unknown

_HAS_THREAD = 1 << 5

Dispatch = Callable[[str, Json], Awaitable[None]]
Match = re.Match[str]


def invalid(problems: list[str]) -> ApiError:
    """The refusal of a body that breaks limits: Discord's 50035, with the places."""
    if problems == ["empty message"]:
        return ApiError(400, 50006, "Cannot send an empty message")
    errors = {"_errors": [{"code": "BASE_TYPE_BAD_LENGTH", "message": problem} for problem in problems]}
    return ApiError(400, 50035, "Invalid Form Body", errors)


class Attachments:
    """Files that came with a message, as Discord stores and shows them."""

    def __init__(self, world: World, cdn: Callable[[], str]) -> None:
        self._world = world
        self._cdn = cdn

    def store(self, call: Call, channel_id: str) -> list[Json]:
        described = {str(one.get("id")): one for one in (_data(call).get("attachments") or [])}
        stored = []
        for name, content in call.files.items():
            found = re.fullmatch(r"files\[(\d+)\]", name)
            if found is None:
                continue
            about = described.get(found.group(1), {})
            filename = about.get("filename") or call.files[f"{name} name"].decode()
            identity = snowflake()
            path = f"/attachments/{channel_id}/{identity}/{filename}"
            self._world.files[path] = content
            stored.append(
                {
                    "id": identity,
                    "filename": filename,
                    "description": about.get("description"),
                    "size": len(content),
                    "url": f"{self._cdn()}{path}",
                    "proxy_url": f"{self._cdn()}{path}",
                    "content_type": "application/octet-stream",
                }
            )
        return stored


def _data(call: Call) -> Json:
    """A message's keys, also inside the answer to an interaction."""
    body = call.body or {}
    return body.get("data") or {} if call.path.startswith("/interactions/") else body


class Basics:
    """The bot, its application and commands, its servers, its direct messages."""

    def __init__(self, rest: Rest, world: World, gateway_address: Callable[[], str]) -> None:
        self.commands: dict[str, list[Json]] = {}
        """By server, ``""`` for everywhere."""
        self.syncs: list[tuple[str, list[Json]]] = []
        """Every bulk overwrite: where, and what was sent."""
        self.shards = 1
        self._world = world
        self._address = gateway_address
        app = world.bot["id"]
        rest.add("GET", "/users/@me", self._me)
        rest.add("GET", "/users/{}", self._user)
        rest.add("POST", "/users/@me/channels", self._private_channel)
        rest.add("GET", "/oauth2/applications/@me", self._application)
        rest.add("GET", "/applications/@me", self._application)
        rest.add("GET", "/gateway", self._gateway)
        rest.add("GET", "/gateway/bot", self._gateway)
        rest.add("GET", f"/applications/{app}/commands", self._commands)
        rest.add("PUT", f"/applications/{app}/commands", self._overwrite)
        rest.add("GET", f"/applications/{app}/guilds/{{}}/commands", self._commands)
        rest.add("PUT", f"/applications/{app}/guilds/{{}}/commands", self._overwrite)
        rest.add("GET", "/guilds/{}", self._guild)
        rest.add("GET", "/guilds/{}/channels", self._guild_channels)
        rest.add("GET", "/guilds/{}/roles", self._roles)
        rest.add("GET", "/guilds/{}/members/{}", self._member)
        rest.add("DELETE", "/users/@me/guilds/{}", self._leave)

    async def _me(self, call: Call, match: Match) -> Answer:
        return Answer(
            {**self._world.bot, "email": None, "verified": True, "mfa_enabled": True, "locale": "en-US"}
        )

    async def _user(self, call: Call, match: Match) -> Answer:
        if match.group(1) not in self._world.users:
            raise unknown("User", 10013)
        return Answer(self._world.users[match.group(1)])

    async def _private_channel(self, call: Call, match: Match) -> Answer:
        person = self._world.users.get(str(call.body["recipient_id"]))
        if person is None:
            raise ApiError(400, 50033, "Invalid Recipient(s)")
        return Answer(self._world.private_channel(person))

    async def _application(self, call: Call, match: Match) -> Answer:
        bot = self._world.bot
        return Answer(
            {
                "id": bot["id"],
                "name": "OnRecord",
                "icon": None,
                "description": "Who said what",
                "summary": "",
                "bot_public": True,
                "bot_require_code_grant": False,
                "verify_key": "0" * 64,
                "owner": self._world.operator,
                "team": None,
                "flags": 0,
                "tags": [],
                "redirect_uris": [],
                "interactions_endpoint_url": None,
                "bot": bot,
                "integration_types_config": {"0": {}, "1": {}},
                "approximate_guild_count": len(self._world.guilds),
            }
        )

    async def _gateway(self, call: Call, match: Match) -> Answer:
        if call.path == "/gateway":
            return Answer({"url": self._address()})
        limit = {"total": 1000, "remaining": 990, "reset_after": 1000, "max_concurrency": 1}
        return Answer({"url": self._address(), "shards": self.shards, "session_start_limit": limit})

    async def _commands(self, call: Call, match: Match) -> Answer:
        return Answer(self.commands.get(match.group(1) if match.groups() else "", []))

    async def _overwrite(self, call: Call, match: Match) -> Answer:
        where = match.group(1) if match.groups() else ""
        if problems := command_problems(call.body):
            raise invalid(problems)
        known = {((one.get("type") or 1), one["name"]): one for one in self.commands.get(where, [])}
        self.syncs.append((where, call.body))
        self.commands[where] = [self._stored(one, where, known) for one in call.body]
        return Answer(self.commands[where])

    def _stored(self, command: Json, guild_id: str, known: dict[tuple[int, str], Json]) -> Json:
        kind = command.get("type") or 1
        before = known.get((kind, command["name"]))
        permissions = command.get("default_member_permissions")
        return {
            "id": before["id"] if before else snowflake(),
            "application_id": self._world.bot["id"],
            "version": snowflake(),
            "nsfw": False,
            "options": [],
            "contexts": None,
            "integration_types": [0],
            "dm_permission": True,
            **command,
            "type": kind,
            "description": command.get("description") or "",
            "default_member_permissions": None if permissions is None else str(permissions),
            **({"guild_id": guild_id} if guild_id else {}),
        }

    def _guild_named(self, match: Match) -> Json:
        guild = self._world.guilds.get(match.group(1))
        if guild is None:
            raise ApiError(404, 10004, "Unknown Guild")
        return guild

    async def _guild(self, call: Call, match: Match) -> Answer:
        return Answer(self._guild_named(match))

    async def _guild_channels(self, call: Call, match: Match) -> Answer:
        guild = self._guild_named(match)
        return Answer(self._world.whole(guild)["channels"])

    async def _roles(self, call: Call, match: Match) -> Answer:
        return Answer(self._guild_named(match)["roles"])

    async def _member(self, call: Call, match: Match) -> Answer:
        return Answer(self._world.member_of(self._guild_named(match), match.group(2)))

    async def _leave(self, call: Call, match: Match) -> Answer:
        self._world.guilds.pop(self._guild_named(match)["id"])
        return Answer()


class Messages:
    """Channels, messages, threads."""

    def __init__(self, rest: Rest, world: World, attachments: Attachments, dispatch: Dispatch) -> None:
        self.nonces_last_s = 300.0
        """How long a message's nonce is remembered ("the past few minutes", resources/message.mdx)."""
        self.history_shows_nonces = False
        self.writes: list[tuple[str, str]] = []
        """Every message that was really written, also deleted ones: channel and message."""
        self.repeats = 0
        """How often a nonce was known already, and no new message written."""
        self._world = world
        self._attachments = attachments
        self._dispatch = dispatch
        self._nonces: dict[tuple[str, str], tuple[str, float]] = {}
        rest.add("GET", "/channels/{}", self._channel)
        rest.add("GET", "/channels/{}/messages", self._history)
        rest.add("POST", "/channels/{}/messages", self._create)
        rest.add("GET", "/channels/{}/messages/{}", self._message)
        rest.add("PATCH", "/channels/{}/messages/{}", self._edit)
        rest.add("DELETE", "/channels/{}/messages/{}", self._delete)
        rest.add("POST", "/channels/{}/messages/{}/crosspost", self._crosspost)
        rest.add("POST", "/channels/{}/messages/{}/threads", self._thread_of_message)
        rest.add("POST", "/channels/{}/threads", self._thread)
        rest.add("POST", "/channels/{}/typing", self._typing)
        rest.add("PUT", "/channels/{}/messages/{}/reactions/{}/@me", self._react)

    async def _channel(self, call: Call, match: Match) -> Answer:
        channel = self._world.channel(match.group(1))
        self._world.require(channel, 0)
        return Answer(channel)

    async def _history(self, call: Call, match: Match) -> Answer:
        channel = self._world.channel(match.group(1))
        self._world.require(channel, 0)
        if not self._world.permissions(self._world.bot["id"], channel) & w.HISTORY:
            return Answer([])  # Discord shows nothing rather than refuse
        limit = int(call.query.get("limit", 50))
        if not 1 <= limit <= 100:
            raise invalid([f"limit: {limit} (1 to 100)"])
        newest_first = sorted(self._world.messages[channel["id"]].values(), key=lambda one: -int(one["id"]))
        if before := call.query.get("before"):
            newest_first = [one for one in newest_first if int(one["id"]) < int(before)]
        if after := call.query.get("after"):
            # Of what came after, Discord shows the oldest, and that newest first.
            newest_first = [one for one in newest_first if int(one["id"]) > int(after)][-limit:]
        return Answer([self._from_history(one) for one in newest_first[:limit]])

    def _from_history(self, message: Json) -> Json:
        if self.history_shows_nonces:
            return message
        return {key: value for key, value in message.items() if key != "nonce"}

    async def _create(self, call: Call, match: Match) -> Answer:
        world, channel, body = self._world, self._world.channel(match.group(1)), call.body or {}
        need = w.SEND_IN_THREADS if channel["type"] in w.THREADS else w.SEND
        need |= (w.EMBED if body.get("embeds") else 0) | (w.ATTACH if call.files else 0)
        world.require(channel, need)
        if channel["type"] == w.FORUM:
            raise ApiError(400, 50008, "Cannot send messages in a non-text channel")
        files = sum(name.startswith("files[") and not name.endswith(" name") for name in call.files)
        if problems := message_problems(body, files=files):
            raise invalid(problems)
        nonce = str(body["nonce"]) if body.get("nonce") is not None else ""
        if len(nonce) > 25:
            raise invalid(["nonce: more than 25 characters"])
        now = asyncio.get_running_loop().time()
        if nonce and body.get("enforce_nonce"):
            known, at = self._nonces.get((channel["id"], nonce), ("", -self.nonces_last_s))
            if now - at < self.nonces_last_s:
                self.repeats += 1
                return Answer(world.message(channel["id"], known))  # deleted meanwhile: Unknown Message
        stored = self._attachments.store(call, channel["id"])
        more: Json = {"attachments": stored} | ({"nonce": body["nonce"]} if nonce else {})
        message = world.new_message(channel, world.bot, body, **more)
        self.writes.append((channel["id"], message["id"]))
        if nonce and body.get("enforce_nonce"):
            self._nonces[(channel["id"], nonce)] = (message["id"], now)
        await self._announce("MESSAGE_CREATE", message)
        return Answer(message)

    async def _announce(self, event: str, message: Json) -> None:
        channel = self._world.channels[message["channel_id"]]
        more = {"guild_id": channel["guild_id"]} if "guild_id" in channel else {}
        await self._dispatch(event, {**message, **more})

    async def _message(self, call: Call, match: Match) -> Answer:
        self._world.require(self._world.channel(match.group(1)), w.HISTORY)
        return Answer(self._from_history(self._world.message(match.group(1), match.group(2))))

    async def _edit(self, call: Call, match: Match) -> Answer:
        self._world.require(self._world.channel(match.group(1)), 0)
        message = self._world.message(match.group(1), match.group(2))
        if message["author"]["id"] != self._world.bot["id"]:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        if problems := message_problems(call.body, editing=True):
            raise invalid(problems)
        self._world.edit(message, call.body)
        await self._announce("MESSAGE_UPDATE", message)
        return Answer(message)

    async def _delete(self, call: Call, match: Match) -> Answer:
        channel = self._world.channel(match.group(1))
        message = self._world.message(channel["id"], match.group(2))
        self._world.require(
            channel, 0 if message["author"]["id"] == self._world.bot["id"] else w.MANAGE_MESSAGES
        )
        await self.remove(message)
        return Answer()

    async def remove(self, message: Json) -> None:
        """Have a message deleted, by whomever."""
        del self._world.messages[message["channel_id"]][message["id"]]
        where = {key: message[key] for key in ("id", "channel_id")}
        await self._announce("MESSAGE_DELETE", where)

    async def _crosspost(self, call: Call, match: Match) -> Answer:
        channel = self._world.channel(match.group(1))
        self._world.require(channel, w.SEND)
        message = self._world.message(channel["id"], match.group(2))
        if channel["type"] != w.ANNOUNCEMENT:
            raise ApiError(400, 50024, "Cannot execute action on this channel type")
        if message["flags"] & 1:
            raise ApiError(400, 40033, "This message has already been crossposted")
        message["flags"] |= 1
        await self._announce("MESSAGE_UPDATE", message)
        return Answer(message)

    async def _thread_of_message(self, call: Call, match: Match) -> Answer:
        channel = self._world.channel(match.group(1))
        self._world.require(channel, w.CREATE_THREADS)
        starter = self._world.message(channel["id"], match.group(2))
        if starter["id"] in self._world.channels:
            raise ApiError(400, 160004, "A thread has already been created for this message")
        answer = await self._new_thread(channel, call.body, starter)
        starter["flags"] |= _HAS_THREAD
        starter["thread"] = self._world.channels[starter["id"]]
        return answer

    async def _thread(self, call: Call, match: Match) -> Answer:
        channel = self._world.channel(match.group(1))
        self._world.require(channel, w.SEND if channel["type"] == w.FORUM else w.CREATE_THREADS)
        first = call.body.get("message")
        if channel["type"] == w.FORUM and (problems := message_problems(first or {})):
            raise invalid(problems)
        answer = await self._new_thread(channel, call.body, None)
        if channel["type"] == w.FORUM:
            thread = self._world.channels[answer.body["id"]]
            message = self._world.new_message(thread, self._world.bot, first, id=thread["id"])
            self._world.messages[thread["id"]] = {thread["id"]: message}
            answer.body = {**answer.body, "message": message}
        return answer

    async def _new_thread(self, channel: Json, body: Json, starter: Json | None) -> Answer:
        if not 1 <= len(body["name"]) <= 100:
            raise invalid([f"name: {len(body['name'])} characters (1 to 100)"])
        thread = self._world.add_thread(
            channel, body["name"], body.get("auto_archive_duration") or 1440, starter
        )
        await self._dispatch("THREAD_CREATE", {**thread, "newly_created": True})
        member = {
            "id": thread["id"],
            "user_id": self._world.bot["id"],
            "join_timestamp": timestamp(),
            "flags": 0,
        }
        return Answer({**thread, "member": member}, 201)

    async def _typing(self, call: Call, match: Match) -> Answer:
        self._world.require(self._world.channel(match.group(1)), w.SEND)
        return Answer()

    async def _react(self, call: Call, match: Match) -> Answer:
        self._world.require(self._world.channel(match.group(1)), w.HISTORY)
        self._world.message(match.group(1), match.group(2))
        return Answer()
