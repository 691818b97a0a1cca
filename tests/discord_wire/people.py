"""What a person does in Discord's client, as the events it becomes: with the client's own checks."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from tests.discord_wire.answers import PRESSED, SUBMITTED, TYPED, TYPING, Answers, Exchange
from tests.discord_wire.limits import BUTTON, every_component
from tests.discord_wire.messages import Basics
from tests.discord_wire.world import DM, Json, World, snowflake

SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER = range(1, 11)
_SELECTS = (3, 5, 6, 7, 8)


class People:
    """Everybody who uses the bot. Each act returns once its event has gone out, not once it is answered."""

    def __init__(
        self,
        world: World,
        basics: Basics,
        answers: Answers,
        dispatch: Callable[[str, Json], Awaitable[None]],
    ) -> None:
        self.locale = "en-US"
        self.asker = world.admin
        """Who acts where a test names nobody."""
        self._world = world
        self._basics = basics
        self._answers = answers
        self._dispatch = dispatch

    # ── Commands ─────────────────────────────────────────────────────────────────────────────────────────

    def command(self, name: str, kind: int = 1, guild_id: str = "") -> Json:
        """A registered command; ``AssertionError`` naming what there is when it is missing."""
        there = [*self._basics.commands.get("", []), *self._basics.commands.get(guild_id, [])]
        found = next((one for one in there if one["name"] == name and one["type"] == kind), None)
        assert found, f"no command {name!r} of type {kind} among {sorted(one['name'] for one in there)}"
        return found

    async def slash(
        self, line: str, *, by: Json | None = None, at: Json | None = None, **values: Any
    ) -> Exchange:
        """Use a slash command, e.g. ``slash("subscription add", topic="talks")``.

        ``at``: the channel where it is used (``channel`` may be an option). Refuse what the client would: unknown
        options, missing ones, values that are no choice.
        """
        data, declared = self._leaf(line, at)
        options = {option["name"]: option for option in declared}
        assert set(values) <= set(options), (
            f"{line}: no option {set(values) - set(options)} in {set(options)}"
        )
        missing = {name for name, option in options.items() if option.get("required")} - set(values)
        assert not missing, f"{line}: {missing} required"
        resolved: Json = {}
        for name, value in values.items():
            _innermost(data).append(self._filled(options[name], value, resolved))
        if resolved:
            data["resolved"] = resolved
        return await self._interact(TYPED, data, by, at)

    async def type_in(
        self,
        line: str,
        focused: str,
        so_far: str,
        *,
        by: Json | None = None,
        channel: Json | None = None,
        **values: Any,
    ) -> Exchange:
        """Type a value with autocomplete: ask the bot for choices."""
        data, declared = self._leaf(line, channel)
        options = {option["name"]: option for option in declared}
        assert options[focused].get("autocomplete"), f"{line}: {focused} has no autocomplete"
        for name, value in values.items():
            _innermost(data).append({"name": name, "type": options[name]["type"], "value": value})
        typed = {"name": focused, "type": options[focused]["type"], "value": so_far, "focused": True}
        _innermost(data).append(typed)
        return await self._interact(TYPING, data, by, channel)

    async def menu(self, name: str, message: Json, *, by: Json | None = None) -> Exchange:
        """Use an entry of a message's menu."""
        channel = self._world.channels[message["channel_id"]]
        command = self.command(name, 3, channel.get("guild_id", ""))
        data = {
            "id": command["id"],
            "name": name,
            "type": 3,
            "target_id": message["id"],
            "resolved": {"messages": {message["id"]: message}},
        }
        return await self._interact(TYPED, data, by, channel)

    def _leaf(self, line: str, channel: Json | None) -> tuple[Json, list[Json]]:
        """The data of a command without its values, and the options that these may fill."""
        first, *rest = line.split()
        command = self.command(first, guild_id=(channel or {}).get("guild_id", ""))
        data: Json = {"id": command["id"], "name": first, "type": 1, "options": []}
        at, declared = data["options"], command.get("options") or []
        for word in rest:
            found = next((one for one in declared if one["name"] == word and one["type"] in (1, 2)), None)
            assert found, f"{line}: no {word!r} among {[one['name'] for one in declared]}"
            at.append({"name": word, "type": found["type"], "options": []})
            at, declared = at[0]["options"], found.get("options") or []
        assert not any(one["type"] in (SUBCOMMAND, GROUP) for one in declared), f"{line}: needs one more word"
        return data, declared

    def _filled(self, option: Json, value: Any, resolved: Json) -> Json:
        kind, world = option["type"], self._world
        if kind == STRING:
            assert isinstance(value, str), f"{option['name']}: a text"
            assert len(value) <= option.get("max_length", 6000), f"{option['name']}: too long for the client"
        if kind in (INTEGER, NUMBER):
            assert option.get("min_value", value) <= value <= option.get("max_value", value)
        if choices := option.get("choices"):
            allowed = [one["value"] for one in choices]
            assert value in allowed, f"{option['name']}: {value!r} is none of {allowed}"
        if kind == CHANNEL:
            channel = world.channels[value]
            shown = {key: channel.get(key) for key in ("id", "name", "type", "parent_id", "flags", "topic")}
            permissions = str(world.permissions(world.admin["id"], channel))
            more = {"permissions": permissions, "position": 0, "nsfw": False, "last_message_id": None}
            resolved.setdefault("channels", {})[value] = shown | more
        if kind == ROLE:
            roles = [role for guild in world.guilds.values() for role in guild["roles"]]
            resolved.setdefault("roles", {})[value] = next(one for one in roles if one["id"] == value)
        if kind == USER:
            resolved.setdefault("users", {})[value] = world.users[value]
        return {"name": option["name"], "type": kind, "value": value}

    # ── Buttons, menus and modals ────────────────────────────────────────────────────────────────────────

    async def press(self, message: Json, label: str, *, by: Json | None = None) -> Exchange:
        """Press the button that has this label (or begins with it)."""
        buttons = [one for one in every_component(message["components"]) if one["type"] == BUTTON]
        found = next((one for one in buttons if (one.get("label") or "").startswith(label)), None)
        assert found, f"no button {label!r} among {[one.get('label') for one in buttons]}"
        assert not found.get("disabled"), f"button {label!r} cannot be pressed"
        return await self.press_id(message, found["custom_id"], by=by)

    async def press_id(self, message: Json, custom_id: str, *, by: Json | None = None) -> Exchange:
        """Press a button by its id, even one that the message does not have (anymore)."""
        data = {"custom_id": custom_id, "component_type": BUTTON, "id": 1}
        return await self._interact(PRESSED, data, by, self._world.channels[message["channel_id"]], message)

    async def submit(self, modal: Exchange, *, by: Json | None = None, **values: str) -> Exchange:
        """Fill a modal in and send it; inputs by their custom_id."""
        assert modal.answer.get("custom_id"), "the answer was no modal"

        def filled(component: Json) -> Json:
            if "components" in component:
                return {**component, "components": [filled(one) for one in component["components"]]}
            if "component" in component:
                return {**component, "component": filled(component["component"])}
            given = values.get(component.get("custom_id", ""), component.get("value") or "")
            about = {"type": component["type"], "custom_id": component.get("custom_id")}
            if component["type"] not in _SELECTS:
                return {**about, "value": given}
            chosen = [one["value"] for one in component.get("options", ()) if one.get("default")]
            chosen += [str(one["id"]) for one in component.get("default_values", ())]
            if component.get("custom_id") in values:
                return {**about, "values": [given] if given else []}
            return {**about, "values": [given] if given else chosen}

        data = {
            "custom_id": modal.answer["custom_id"],
            "components": [filled(one) for one in modal.answer["components"]],
        }
        return await self._interact(SUBMITTED, data, by, modal.channel, modal.message)

    # ── Words, and what happens to servers ───────────────────────────────────────────────────────────────

    async def say(
        self, text: str, *, by: Json | None = None, channel: Json | None = None, reply_to: Json | None = None
    ) -> Json:
        """Write a message; a reply pings whom it answers."""
        channel = channel or self._world.named("general")
        body: Json = {"content": text}
        if reply_to is not None:
            body["message_reference"] = {"message_id": reply_to["id"], "channel_id": reply_to["channel_id"]}
        author = by or self.asker
        message = self._world.new_message(channel, author, body)
        if reply_to is not None and reply_to["author"] not in message["mentions"]:
            message["mentions"] = [*message["mentions"], reply_to["author"]]
        more: Json = {}
        if guild := self._world.guild_of(channel):
            member = self._world.member_of(guild, author["id"])
            more = {"guild_id": guild["id"], "member": {key: member[key] for key in member if key != "user"}}
        await self._dispatch("MESSAGE_CREATE", {**message, **more})
        return message

    async def add_to(self, name: str) -> Json:
        """Add the bot to a new server."""
        guild = self._world.add_guild(name)
        await self._dispatch("GUILD_CREATE", self._world.whole(guild))
        return guild

    async def remove_from(self, guild: Json) -> None:
        """Throw the bot out of a server."""
        del self._world.guilds[guild["id"]]
        await self._dispatch("GUILD_DELETE", {"id": guild["id"]})

    async def deny(self, channel: Json, permissions: int) -> None:
        """Take permissions from the bot in a channel (0: give all back), and tell it."""
        self._world.set_denied(channel, permissions)
        await self._dispatch("CHANNEL_UPDATE", channel)

    async def delete_channel(self, channel: Json) -> None:
        """Delete a channel with all that is in it."""
        del self._world.channels[channel["id"]]
        del self._world.messages[channel["id"]]
        await self._dispatch("CHANNEL_DELETE", channel)

    # ── The event ────────────────────────────────────────────────────────────────────────────────────────

    async def _interact(
        self, kind: int, data: Json, by: Json | None, channel: Json | None, message: Json | None = None
    ) -> Exchange:
        world = self._world
        channel = channel or world.named("general")
        person = by or self.asker
        guild = world.guild_of(channel)
        stranger = guild is not None and guild["id"] in world.elsewhere
        owners = {"0": guild["id"]} if guild and not stranger else {"1": person["id"]}
        payload: Json = {
            "id": snowflake(),
            "application_id": world.bot["id"],
            "type": kind,
            "token": secrets.token_urlsafe(40),
            "version": 1,
            "data": data,
            "channel_id": channel["id"],
            "channel": {**channel, "permissions": str(world.permissions(person["id"], channel))},
            "app_permissions": str(world.permissions(world.bot["id"], channel)),
            "locale": self.locale,
            "entitlements": [],
            "authorizing_integration_owners": owners,
            "context": 0 if guild else 1 if channel["type"] == DM else 2,
            "attachment_size_limit": 10_485_760,
        }
        if guild:
            data.setdefault("guild_id", guild["id"]) if kind in (TYPED, TYPING) else None
            member = world.member_of(guild, person["id"])
            permissions = str(world.permissions(person["id"], channel))
            payload |= {
                "guild_id": guild["id"],
                "guild": {"id": guild["id"], "locale": "en-US", "features": guild["features"]},
                "guild_locale": "en-US",
                "member": {**member, "permissions": permissions},
            }
        else:
            payload["user"] = person
        if message is not None:
            payload["message"] = message
        exchange = Exchange(payload, channel, asyncio.get_running_loop().time(), message)
        self._answers.exchanges[payload["token"]] = exchange
        await self._dispatch("INTERACTION_CREATE", payload)
        return exchange


def _innermost(data: Json) -> list[Json]:
    options: list[Json] = data["options"]
    while options and options[0]["type"] in (SUBCOMMAND, GROUP):
        options = options[0]["options"]
    return options
