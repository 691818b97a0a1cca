"""What the fake Discord knows: people, servers, channels, permissions and messages, as Discord's own JSON."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

TEXT, DM, GROUP_DM, ANNOUNCEMENT, ANNOUNCEMENT_THREAD, PUBLIC_THREAD, FORUM = 0, 1, 3, 5, 10, 11, 15
THREADS = (ANNOUNCEMENT_THREAD, PUBLIC_THREAD)

ADMINISTRATOR, MANAGE_GUILD = 1 << 3, 1 << 5
VIEW, SEND, MANAGE_MESSAGES, EMBED, ATTACH = 1 << 10, 1 << 11, 1 << 13, 1 << 14, 1 << 15
HISTORY, USE_COMMANDS = 1 << 16, 1 << 31
CREATE_THREADS, SEND_IN_THREADS = 1 << 35, 1 << 38
EVERYTHING = (1 << 53) - 1

_EPOCH_MS = 1_420_070_400_000
_numbers = itertools.count()


class ApiError(Exception):
    """A refusal with Discord's HTTP status and JSON code."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.body: Json = {"message": message, "code": code} | ({"errors": errors} if errors else {})


def unknown(what: str, code: int) -> ApiError:
    return ApiError(404, code, f"Unknown {what}")


MISSING_ACCESS = (403, 50001, "Missing Access")
MISSING_PERMISSIONS = (403, 50013, "Missing Permissions")


def snowflake() -> str:
    """A new id, larger than all before it."""
    milliseconds = time.time_ns() // 1_000_000 - _EPOCH_MS
    return str((milliseconds << 22) + next(_numbers) % (1 << 22))


def timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def user(name: str, *, bot: bool = False) -> Json:
    return {
        "id": snowflake(),
        "username": name.lower().replace(" ", "_"),
        "global_name": None if bot else name,
        "discriminator": "0000" if bot else "0",
        "avatar": None,
        "bot": bot,
        "public_flags": 0,
        "flags": 0,
    }


def role(identity: str, name: str, permissions: int, position: int) -> Json:
    return {
        "id": identity,
        "name": name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": position,
        "permissions": str(permissions),
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


class World:
    """One bot, its operator, and one server with an admin, a member and some channels; more can be added."""

    def __init__(self) -> None:
        self.bot = user("OnRecord", bot=True)
        self.operator = user("Olha Operator")
        self.admin = user("Anna Admin")
        self.member = user("Max Member")
        self.users = {one["id"]: one for one in (self.bot, self.operator, self.admin, self.member)}
        self.guilds: dict[str, Json] = {}
        self.elsewhere: dict[str, Json] = {}
        """Servers that the bot is no member of: people bring it along there."""
        self.channels: dict[str, Json] = {}
        self.messages: dict[str, dict[str, Json]] = {}
        self.files: dict[str, bytes] = {}
        """By path below the file server."""
        self.guild = self.add_guild("Zrazkove Newsroom")

    # ── Servers and people ───────────────────────────────────────────────────────────────────────────────

    def add_guild(self, name: str) -> Json:
        """A server with the bot, an admin and a member, and the channels ``general`` and ``news`` (announcements)."""
        identity = snowflake()
        ordinary = VIEW | SEND | EMBED | ATTACH | HISTORY | USE_COMMANDS | CREATE_THREADS | SEND_IN_THREADS
        roles = [
            role(identity, "@everyone", ordinary, 0),
            role(snowflake(), "OnRecord", ordinary, 1),
            role(snowflake(), "Editors", ordinary | MANAGE_GUILD | MANAGE_MESSAGES, 2),
        ]
        self.guilds[identity] = guild = {
            "id": identity,
            "name": name,
            "icon": None,
            "splash": None,
            "owner_id": self.admin["id"],
            "region": "deprecated",
            "afk_channel_id": None,
            "afk_timeout": 300,
            "verification_level": 1,
            "default_message_notifications": 1,
            "explicit_content_filter": 0,
            "roles": roles,
            "emojis": [],
            "stickers": [],
            "features": ["NEWS", "COMMUNITY"],
            "mfa_level": 0,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "rules_channel_id": None,
            "vanity_url_code": None,
            "description": None,
            "banner": None,
            "premium_tier": 0,
            "preferred_locale": "en-US",
            "nsfw_level": 0,
            "joined_at": timestamp(),
            "large": False,
            "member_count": 3,
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
            "members": [
                self._member(self.bot, [roles[1]["id"]]),
                self._member(self.admin, [roles[2]["id"]]),
                self._member(self.member, []),
            ],
        }
        guild["system_channel_id"] = self.add_channel(guild, "general")["id"]
        self.add_channel(guild, "news", ANNOUNCEMENT)
        return guild

    def add_elsewhere(self, name: str) -> Json:
        """The system channel of a server without the bot."""
        guild = self.add_guild(name)
        guild["members"] = [one for one in guild["members"] if one["user"]["id"] != self.bot["id"]]
        self.elsewhere[guild["id"]] = self.guilds.pop(guild["id"])
        return self.channels[guild["system_channel_id"]]

    def group_channel(self, *people: Json) -> Json:
        """The direct messages of some people among themselves."""
        identity = snowflake()
        self.messages[identity] = {}
        self.channels[identity] = channel = {
            "id": identity,
            "type": GROUP_DM,
            "name": None,
            "icon": None,
            "owner_id": people[0]["id"],
            "last_message_id": None,
            "recipients": list(people),
            "flags": 0,
        }
        return channel

    @staticmethod
    def _member(person: Json, roles: list[str]) -> Json:
        return {
            "user": person,
            "nick": None,
            "avatar": None,
            "roles": roles,
            "joined_at": timestamp(),
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
            "communication_disabled_until": None,
        }

    def newcomer(self, name: str) -> Json:
        """One more person who may manage every server there is."""
        person = user(name)
        self.users[person["id"]] = person
        for guild in self.guilds.values():
            guild["members"].append(self._member(person, [guild["roles"][2]["id"]]))
            guild["member_count"] += 1
        return person

    def add_channel(self, guild: Json, name: str, kind: int = TEXT) -> Json:
        identity = snowflake()
        self.messages[identity] = {}
        self.channels[identity] = channel = {
            "id": identity,
            "type": kind,
            "guild_id": guild["id"],
            "position": len(self.channels),
            "permission_overwrites": [],
            "name": name,
            "topic": None,
            "nsfw": False,
            "last_message_id": None,
            "rate_limit_per_user": 0,
            "parent_id": None,
            "flags": 0,
            **({"available_tags": [], "default_sort_order": None} if kind == FORUM else {}),
        }
        return channel

    def add_thread(self, parent: Json, name: str, minutes: int, starter: Json | None = None) -> Json:
        identity = starter["id"] if starter else snowflake()
        self.messages.setdefault(identity, {})
        self.channels[identity] = thread = {
            "id": identity,
            "type": ANNOUNCEMENT_THREAD if parent["type"] == ANNOUNCEMENT else PUBLIC_THREAD,
            "guild_id": parent["guild_id"],
            "parent_id": parent["id"],
            "owner_id": self.bot["id"],
            "name": name,
            "last_message_id": None,
            "rate_limit_per_user": 0,
            "message_count": 0,
            "member_count": 1,
            "total_message_sent": 0,
            "flags": 0,
            "thread_metadata": {
                "archived": False,
                "auto_archive_duration": minutes,
                "archive_timestamp": timestamp(),
                "create_timestamp": timestamp(),
                "locked": False,
            },
        }
        return thread

    def private_channel(self, person: Json) -> Json:
        """The direct messages between a person and the bot."""
        for channel in self.channels.values():
            if channel["type"] == DM and channel["recipients"][0]["id"] == person["id"]:
                return channel
        identity = snowflake()
        self.messages[identity] = {}
        self.channels[identity] = {
            "id": identity,
            "type": DM,
            "last_message_id": None,
            "recipients": [person],
            "flags": 0,
        }
        return self.channels[identity]

    def member_of(self, guild: Json, user_id: str) -> Json:
        found = next((one for one in guild["members"] if one["user"]["id"] == user_id), None)
        if found is None:
            raise unknown("Member", 10007)
        return found

    def channel(self, channel_id: str) -> Json:
        if channel_id not in self.channels:
            raise unknown("Channel", 10003)
        return self.channels[channel_id]

    def guild_of(self, channel: Json) -> Json | None:
        if "guild_id" not in channel:
            return None
        return self.guilds.get(channel["guild_id"]) or self.elsewhere[channel["guild_id"]]

    def named(self, name: str) -> Json:
        """The first channel of this name."""
        return next(one for one in self.channels.values() if one.get("name") == name)

    def whole(self, guild: Json) -> Json:
        """A server as GUILD_CREATE shows it."""
        channels = [one for one in self.channels.values() if one.get("guild_id") == guild["id"]]
        return {
            **guild,
            "channels": [one for one in channels if one["type"] not in THREADS],
            "threads": [one for one in channels if one["type"] in THREADS],
        }

    # ── Permissions ──────────────────────────────────────────────────────────────────────────────────────

    def permissions(self, user_id: str, channel: Json) -> int:
        """What somebody may do in a channel (topics/permissions.mdx: roles, then the channel's overwrites)."""
        guild = self.guild_of(channel)
        if guild is None:
            return EVERYTHING
        if channel["type"] in THREADS:
            channel = self.channels[channel["parent_id"]]
        if user_id == guild["owner_id"]:
            return EVERYTHING
        present = any(one["user"]["id"] == user_id for one in guild["members"])
        mine = {guild["id"], *(self.member_of(guild, user_id)["roles"] if present else ())}
        allowed = 0
        for one in guild["roles"]:
            if one["id"] in mine:
                allowed |= int(one["permissions"])
        if allowed & ADMINISTRATOR:
            return EVERYTHING
        for whose in ({guild["id"]}, mine - {guild["id"]}, {user_id}):
            of_these = [one for one in channel["permission_overwrites"] if one["id"] in whose]
            for one in of_these:
                allowed &= ~int(one["deny"])
            for one in of_these:
                allowed |= int(one["allow"])
        return allowed if allowed & VIEW else 0

    def set_denied(self, channel: Json, permissions: int) -> None:
        """Take these away from the bot in a channel; 0 gives them all back."""
        whole = {"id": self.bot["id"], "type": 1, "allow": "0", "deny": str(permissions)}
        channel["permission_overwrites"] = [whole] if permissions else []

    def require(self, channel: Json, permissions: int) -> None:
        """Refuse as Discord does when the bot may not: no access before no permission."""
        if channel.get("guild_id", "") not in ("", *self.guilds):
            raise ApiError(*MISSING_ACCESS)
        held = self.permissions(self.bot["id"], channel)
        if not held & VIEW:
            raise ApiError(*MISSING_ACCESS)
        if permissions & ~held:
            raise ApiError(*MISSING_PERMISSIONS)

    # ── Messages ─────────────────────────────────────────────────────────────────────────────────────────

    def message(self, channel_id: str, message_id: str) -> Json:
        found = self.messages.get(channel_id, {}).get(message_id)
        if found is None:
            raise unknown("Message", 10008)
        return found

    def new_message(self, channel: Json, author: Json, body: Json, **more: Any) -> Json:
        """Write a message; ``more`` are further keys of it. Whoever asks has looked at limits and permissions."""
        mentions = [one for one in self.users.values() if f"<@{one['id']}>" in (body.get("content") or "")]
        message: Json = {
            "id": snowflake(),
            "channel_id": channel["id"],
            "author": author,
            "content": body.get("content") or "",
            "timestamp": timestamp(),
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": mentions,
            "mention_roles": [],
            "attachments": [],
            "embeds": [{"type": "rich", **one} for one in body.get("embeds") or []],
            "components": numbered(body.get("components") or []),
            "pinned": False,
            "type": 0,
            "flags": body.get("flags") or 0,
            **more,
        }
        if reference := body.get("message_reference"):
            message["type"] = 19
            named = {key: str(reference[key]) for key in ("message_id", "guild_id") if reference.get(key)}
            message["message_reference"] = {"type": 0, "channel_id": channel["id"], **named}
            message["referenced_message"] = self.messages[channel["id"]].get(named["message_id"])
        self.messages[channel["id"]][message["id"]] = message
        channel["last_message_id"] = message["id"]
        return message

    @staticmethod
    def edit(message: Json, body: Json) -> None:
        if "content" in body:
            message["content"] = body["content"] or ""
        if "embeds" in body:
            message["embeds"] = [{"type": "rich", **one} for one in body["embeds"] or []]
        if "components" in body:
            message["components"] = numbered(body["components"] or [])
        message["flags"] |= body.get("flags") or 0  # components v2, once chosen, stay
        message["edited_timestamp"] = timestamp()


def numbered(components: list[Json]) -> list[Json]:
    """Components as Discord stores them: each has an ``id``, unique in its message."""
    numbers = itertools.count(1)

    def walk(component: Json) -> Json:
        shown = {"id": next(numbers), **component}
        if "components" in component:
            shown["components"] = [walk(one) for one in component["components"]]
        if "accessory" in component:
            shown["accessory"] = walk(component["accessory"])
        return shown

    return [walk(one) for one in components]
