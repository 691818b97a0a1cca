"""What people do on Discord → the catalogue's commands, and back: slash commands, presses, forms, menus, mentions."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import discord
import structlog

from bot.commands import catalog, followups
from bot.commands.handlers import Desk, answer_form, answer_line
from bot.commands.offers import offers
from bot.commands.requests import Request
from bot.message.answers import problem
from bot.message.blocks import Message, Text
from bot.model import Actor, Channel
from bot.platforms import discord_place as place
from bot.platforms.discord_answers import CUT, Answers
from bot.platforms.discord_commands import Used, lacks, used
from bot.platforms.discord_forms import Forms
from bot.platforms.discord_ids import Expired, Press, Seals, Stranger, form_press
from bot.platforms.discord_posting import Posting
from bot.platforms.discord_views import NOBODY, Shown, is_problem
from bot.platforms.pace import Pace

_log = structlog.get_logger(__name__)

_URL = re.compile(r"https?://[^\s<>()\[\]|]+")
_MOST_URLS = 5
_WORD = re.compile(r"\w{4,}")
_MOST_WORDS = 6
_ORDERS = ("subscription add", "subscription edit", "subscription resume")
"""Commands after which we must be able to post in the channel."""


class Talk:
    """Answers everything that somebody does with the bot on Discord; never raises."""

    def __init__(self, desk: Desk, seals: Seals) -> None:
        self.desk = desk
        self.answers = Answers(desk, seals)
        self.posting = Posting(self.answers)
        self.forms = Forms(self.answers)
        self._seals = seals
        self._pace = Pace()

    async def interaction(self, interaction: discord.Interaction) -> None:
        """Answer one interaction."""
        kinds = {
            discord.InteractionType.application_command: ("command", self._command),
            discord.InteractionType.autocomplete: ("autocomplete", self._autocomplete),
            discord.InteractionType.component: ("component", self._component),
            discord.InteractionType.modal_submit: ("form", self._form),
        }
        if interaction.type not in kinds:
            return
        doing, answer = kinds[interaction.type]
        with structlog.contextvars.bound_contextvars(interaction=interaction.id, guild=interaction.guild_id):
            await self.answers.guarded(interaction, doing, lambda: answer(interaction))

    # ── Commands ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _command(self, interaction: discord.Interaction) -> None:
        data: Mapping[str, Any] = interaction.data or {}
        if not await self._may_ask(interaction, secrets.token_hex(4)):
            return
        if data.get("type") == discord.AppCommandType.message.value:
            await self.answers.show(interaction, self._find_statements(interaction, data))
            return
        asked = used(data)
        command = catalog.find(asked.command)
        if command is not None and lacks(command, asked.given):
            await self.forms.open(interaction, asked)
            return
        await self.answers.show(interaction, self._used(interaction, asked))

    async def _used(self, interaction: discord.Interaction, asked: Used) -> Shown:
        """Answer a slash command, or a form in its place."""
        desk = self.answers.desk_for(interaction)
        chosen = place.chosen(interaction, asked.channel_id)
        refusal = self._cannot_post(interaction, asked, chosen)
        if refusal is not None:
            return Shown(refusal)
        channel = await place.channel_of(interaction, desk.store, desk.zone.key, chosen)
        command = catalog.find(asked.command)
        let_through = command is not None and command.admin
        actor = place.actor_of(interaction, desk.settings.discord, let_through=let_through)
        message = await answer_form(asked.command, asked.given, desk, channel=channel, actor=actor)
        line = asked.command if not asked.given else ""
        return Shown(message, asked="" if message.followup else line, may_post=self._may_post(interaction))

    def _cannot_post(
        self, interaction: discord.Interaction, asked: Used, chosen: place.Guildish | None
    ) -> Message | None:
        """Say which permission is missing, where, and how to grant it, before an order is saved in vain."""
        if asked.command not in _ORDERS:
            return None
        words = self.answers.words(interaction)
        if not place.we_are_members(interaction):
            return problem(words("discord.not_a_member"), [words("discord.not_a_member_next")], words=words)
        if asked.channel_id is not None and chosen is None:
            return problem(
                words("discord.unseen_channel"), [words("discord.unseen_channel_next")], words=words
            )
        here = interaction.channel if isinstance(interaction.channel, place.Guildish) else None
        target = chosen or here
        if isinstance(target, discord.ForumChannel):
            cause = words("discord.forum", channel=f"#{target.name}")
            return problem(cause, [words("discord.forum_next")], words=words)
        missing = place.missing_to_post(target, None if chosen else interaction.app_permissions)
        if not missing:
            return None
        name = target.name if target else "?"
        lacking = place.permission_names(missing, words)
        cause = words("discord.missing_permission", channel=f"#{name}", permissions=lacking)
        return problem(cause, [words("discord.grant", channel=f"#{name}", permissions=lacking)], words=words)

    async def _autocomplete(self, interaction: discord.Interaction) -> None:
        asked = used(interaction.data or {})
        command = catalog.find(asked.command)
        parameters = command.parameters if command else ()
        parameter = next((one for one in parameters if one.name == asked.focused), None)
        if parameter is None:
            await interaction.response.autocomplete([])
            return
        desk = self.answers.desk_for(interaction)
        chosen = place.chosen(interaction, asked.channel_id)
        channel = await place.channel_of(interaction, desk.store, desk.zone.key, chosen)
        actor = place.actor_of(interaction, desk.settings.discord)
        found = await offers(parameter, asked.given.get(asked.focused, ""), desk, channel, actor)
        whole = parameter.kind in ("number", "count")
        choices: list[discord.app_commands.Choice[Any]] = [
            discord.app_commands.Choice(name=one.label, value=int(one.value) if whole else one.value)
            for one in found
        ]
        await interaction.response.autocomplete(choices)

    async def _find_statements(self, interaction: discord.Interaction, data: Mapping[str, Any]) -> Shown:
        """The message menu: the story of an article that a message links to, else a search for its words."""
        desk = self.answers.desk_for(interaction)
        channel = await place.channel_of(interaction, desk.store, desk.zone.key)
        actor = place.actor_of(interaction, desk.settings.discord)
        target = data.get("resolved", {}).get("messages", {}).get(str(data.get("target_id")), {})
        texts = list(_texts(target))
        urls = list(dict.fromkeys(url.rstrip(".,;:!?\"'") for text in texts for url in _URL.findall(text)))
        for url in urls[:_MOST_URLS]:
            article = await desk.store.article_by_url(url)
            if article is not None and article.story_id is not None:
                message = await answer_line(f"story {url}", desk, channel=channel, actor=actor)
                return Shown(message, may_post=self._may_post(interaction))
        if urls:
            cause, step = desk.words("discord.menu_unknown"), desk.words("discord.menu_unknown_next")
            return Shown(problem(cause, [step], words=desk.words))
        words = sorted(dict.fromkeys(_WORD.findall(" ".join(texts))), key=len, reverse=True)[:_MOST_WORDS]
        if not words:
            return Shown(problem(desk.words("discord.menu_empty"), words=desk.words))
        message = await answer_form("search", {"text": " ".join(words)}, desk, channel=channel, actor=actor)
        return Shown(message, may_post=self._may_post(interaction))

    @staticmethod
    def _may_post(interaction: discord.Interaction) -> bool:
        return interaction.guild_id is not None

    # ── Presses and forms ────────────────────────────────────────────────────────────────────────────────────

    async def _component(self, interaction: discord.Interaction) -> None:
        custom_id = _custom_id(interaction)
        if not await self._may_ask(interaction, custom_id):
            return
        try:
            press = self._seals.open(custom_id, self.desk.clock.now())
        except Stranger:
            await self.answers.show(interaction, self._afresh(interaction, "help", "discord.foreign"))
            return
        except Expired as expired:
            anew = expired.press.anew or expired.press.line or "help"
            await self.answers.show(interaction, self._afresh(interaction, anew, "discord.expired"))
            return
        match press.does:
            case "post":
                await self.posting.post(interaction, press)
            case "page":
                in_place = bool(interaction.message and interaction.message.flags.ephemeral)
                await self.answers.show(interaction, self._turned(interaction, press), in_place=in_place)
            case "line":
                await self._typed(interaction, press)
            case "form":
                await self.forms.reopen(interaction, press)

    async def _typed(self, interaction: discord.Interaction, press: Press) -> None:
        """A button that types a line; where the line needs a form, the form is shown."""
        desk = self.answers.desk_for(interaction)
        channel = await place.home_of(interaction, press.followup, desk)

        async def answer() -> Shown:
            asked = Used(" ".join(press.line.split()[:2]), {})
            refusal = self._cannot_post(interaction, asked, None)
            actor = place.actor_of(interaction, desk.settings.discord)
            if refusal is not None and actor.is_admin:
                return Shown(refusal)
            if press.followup and await self._gone(press.followup, channel, actor, desk):
                return await self._afresh(interaction, press.anew or "digest", "discord.expired")
            reply_to = press.followup or None
            message = await answer_line(press.line, desk, channel=channel, actor=actor, reply_to=reply_to)
            itself = message.followup and message.followup != press.followup
            return Shown(
                message,
                asked="" if itself else press.line,
                followup="" if itself else press.followup,
                may_post=self._may_post(interaction) and bool(itself),
            )

        await self.answers.show(interaction, answer())

    @staticmethod
    async def _gone(followup: str, channel: Channel, actor: Actor, desk: Desk) -> bool:
        now = desk.clock.now()
        return await desk.store.followup(channel.id, actor.id, now=now, followup_id=followup) is None

    async def _turned(self, interaction: discord.Interaction, press: Press) -> Shown:
        """Another page of an answer."""
        desk = self.answers.desk_for(interaction)
        channel = await place.home_of(interaction, press.followup, desk)
        actor = place.actor_of(interaction, desk.settings.discord)
        if press.followup and await self._gone(press.followup, channel, actor, desk):
            return await self._afresh(interaction, press.anew or "digest", "discord.expired")
        reply_to = press.followup or None
        if press.line:
            message = await answer_line(press.line, desk, channel=channel, actor=actor, reply_to=reply_to)
        else:
            message = await followups.again(_request("again", channel, actor, desk, reply_to), desk)
        return Shown(
            message,
            page=press.number,
            asked=press.line,
            followup=press.followup,
            may_post=self._may_post(interaction) and not press.line,
        )

    async def _afresh(self, interaction: discord.Interaction, line: str, why: str) -> Shown:
        """Say why a component does nothing any more, and answer its question anew."""
        desk = self.answers.desk_for(interaction)
        channel = await place.channel_of(interaction, desk.store, desk.zone.key)
        actor = place.actor_of(interaction, desk.settings.discord)
        message = await answer_line(line, desk, channel=channel, actor=actor)
        told = Text(desk.words(why), tone="warning")
        return Shown(
            Message((told, *message.blocks), followup=message.followup, anew=message.anew),
            asked="" if message.followup else line,
            may_post=self._may_post(interaction),
        )

    async def _form(self, interaction: discord.Interaction) -> None:
        try:
            press = self._seals.open(_custom_id(interaction), self.desk.clock.now())
        except (Stranger, Expired):
            await self.answers.say(interaction, self.answers.words(interaction)("discord.form_gone"))
            return
        asked, page = self.forms.filled(interaction, press)

        async def answer() -> Shown:
            # Discord showed the form to whom it let use the command; who lost the right meanwhile keeps this one.
            shown = await self._used(interaction, asked)
            if is_problem(shown.message):
                return replace(shown, form=form_press(asked, page))
            return await self.forms.offered(interaction, asked, page, shown)

        await self.answers.show(interaction, answer())

    async def _may_ask(self, interaction: discord.Interaction, what: str) -> bool:
        """Whether to answer: a person who presses twenty times gets one answer, and is told once why."""
        verdict = self._pace.ask(place.person(interaction.user.id), what, self.desk.clock.now())
        if verdict == "go":
            return True
        pressed = interaction.type is discord.InteractionType.component
        if verdict == "slow" or not pressed:
            await self.answers.say(interaction, self.answers.words(interaction)("discord.slow"))
        else:
            await interaction.response.defer()
        return False

    # ── Mentions and replies ─────────────────────────────────────────────────────────────────────────────────

    async def mentioned(self, message: discord.Message, client: discord.Client) -> None:
        """Answer a message that mentions us, or replies to us with a ping; others' contents we never see."""
        me = client.user
        if me is None or message.author.bot or (message.guild is not None and me not in message.mentions):
            return
        verdict = self._pace.ask(place.person(message.author.id), str(message.id), self.desk.clock.now())
        if verdict not in ("go", "slow"):
            return
        with structlog.contextvars.bound_contextvars(message=message.id):
            try:
                shown = Shown(Message((Text(self.desk.words("discord.slow"), tone="warning"),)))
                if verdict == "go":
                    shown = await self._replied(message, me, place.owners_of(client.application))
                view, files = self.answers.builder(self.desk.words).view(shown)
                await message.reply(
                    view=view,
                    files=files,
                    mention_author=False,
                    allowed_mentions=NOBODY,
                    nonce=str(message.id),
                )
            except discord.Forbidden as error:
                _log.info("may not answer here", channel=message.channel.id, code=error.code)
            except CUT as error:
                why, error_id = type(error).__name__, secrets.token_hex(4)
                _log.warning("a mention's answer was lost on its way", error_id=error_id, why=why)
            except Exception:  # noqa: BLE001 - errors stop only their own work
                _log.exception("mention not answered", error_id=secrets.token_hex(4))

    async def _replied(
        self, message: discord.Message, me: discord.ClientUser, owners: Collection[int]
    ) -> Shown:
        desk = self.desk
        line = re.sub(rf"<@!?{me.id}>", " ", message.content).strip() or "help"
        channel = await place.channel_of_message(message, desk.store, desk.zone.key)
        actor = place.actor_of_message(message, desk.settings.discord, owners)
        reply_to = self._answer_replied_to(message, me)
        answer = await answer_line(line, desk, channel=channel, actor=actor, reply_to=reply_to)
        itself = answer.followup and answer.followup != reply_to
        return Shown(answer, asked="" if itself else line, followup="" if itself else reply_to or "")

    def _answer_replied_to(self, message: discord.Message, me: discord.ClientUser) -> str | None:
        """The stored answer behind our message that this one replies to, by the buttons it carries."""
        replied = message.reference.resolved if message.reference else None
        if not isinstance(replied, discord.Message) or replied.author.id != me.id:
            return None
        for custom_id in _custom_ids(replied.components):
            try:
                press = self._seals.open(custom_id, self.desk.clock.now())
            except (Stranger, Expired):
                continue
            if press.followup:
                return press.followup
        return None


def _request(command: str, channel: Channel, actor: Actor, desk: Desk, reply_to: str | None) -> Request:
    return Request(command, channel, actor, at=desk.clock.now(), reply_to=reply_to)


def _custom_id(interaction: discord.Interaction) -> str:
    data: Mapping[str, Any] = interaction.data or {}
    return str(data.get("custom_id", ""))


def _custom_ids(components: Any) -> Iterator[str]:  # noqa: ANN401 - discord.py has no common type for components
    for component in components:
        yield from _custom_ids(getattr(component, "children", ()))
        custom_id = getattr(component, "custom_id", None)
        if custom_id:
            yield custom_id


def _texts(message: Mapping[str, Any]) -> Iterator[str]:
    """Everything readable in a message that was chosen: its words, its embeds, its displays."""
    yield str(message.get("content") or "")
    for embed in message.get("embeds", ()):
        yield from (str(embed.get(key) or "") for key in ("url", "title", "description"))
    stack = list(message.get("components", ()))
    while stack:
        component = stack.pop()
        stack.extend(component.get("components", ()))
        yield str(component.get("content") or "")
