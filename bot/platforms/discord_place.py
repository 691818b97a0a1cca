"""Where something was asked on Discord, by whom, and what we and they may do there."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import discord

from bot.commands.desk import Desk
from bot.knowledge.words import Words
from bot.message.wording import plain
from bot.model import Actor, Channel
from bot.ports import Store
from bot.settings import Discord

NAME = "discord"
"""The platform's name: the prefix of its channels', spaces' and people's ids."""
_LONGEST_NAME = 100

TO_POST = ("view_channel", "send_messages")
"""What we need where digests are to come; threads have a permission of their own for the second."""

Guildish = discord.abc.GuildChannel | discord.Thread


def person(user_id: int) -> str:
    """A person's id."""
    return f"{NAME}:{user_id}"


def direct(user_id: int) -> str:
    """The channel id of a person's direct messages."""
    return f"{NAME}:@{user_id}"


def space(guild_id: int) -> str:
    """A server's id."""
    return f"{NAME}:{guild_id}"


def channel_id(native: int) -> str:
    """A channel's id."""
    return f"{NAME}:{native}"


def chosen(interaction: discord.Interaction, wanted: int | None) -> Guildish | None:
    """The channel that was chosen for a subscription, as we know it; None when it is the one we are in."""
    if wanted is None or interaction.guild is None:
        return None
    found = interaction.guild.get_channel_or_thread(wanted)
    return found if isinstance(found, Guildish) else None


async def channel_of(
    interaction: discord.Interaction, store: Store, zone: str, other: Guildish | None = None
) -> Channel:
    """Return the channel an interaction is about, in the zone it is known to have; ``other``: not this one."""
    if other is not None and interaction.guild_id is not None:
        return await known(channel_id(other.id), space(interaction.guild_id), f"#{other.name}", store, zone)
    native = interaction.channel_id or 0
    if interaction.guild_id is not None:
        name = getattr(interaction.channel, "name", None)
        shown = f"#{name}" if name else "#?"
        return await known(channel_id(native), space(interaction.guild_id), shown, store, zone)
    own = direct(interaction.user.id)
    if interaction.context.dm_channel or isinstance(interaction.channel, discord.DMChannel):
        return await known(own, own, interaction.user.name, store, zone)
    return await known(channel_id(native), own, interaction.user.name, store, zone)


async def home_of(interaction: discord.Interaction, followup: str, desk: Desk) -> Channel:
    """Return the channel in which a stored answer was given: of a thread's messages that may be its parent."""
    here = await channel_of(interaction, desk.store, desk.zone.key)
    thread = interaction.channel
    if not followup or not isinstance(thread, discord.Thread):
        return here
    now = desk.clock.now()
    if await desk.store.followup(here.id, "", now=now, followup_id=followup) is not None:
        return here
    name = f"#{thread.parent.name}" if thread.parent else here.name
    return await known(channel_id(thread.parent_id), here.space_id, name, desk.store, desk.zone.key)


async def channel_of_message(message: discord.Message, store: Store, zone: str) -> Channel:
    """Return the channel that a message stands in."""
    if message.guild is None:
        own = direct(message.author.id)
        return await known(own, own, message.author.name, store, zone)
    name = getattr(message.channel, "name", "?")
    return await known(channel_id(message.channel.id), space(message.guild.id), f"#{name}", store, zone)


async def known(native: str, space_id: str, name: str, store: Store, zone: str) -> Channel:
    """Return a channel under its present name, in the zone it was given before, else in the operator's."""
    before = await store.channel(native)
    return Channel(native, space_id, plain(name)[:_LONGEST_NAME], before.timezone if before else zone)


def actor_of(interaction: discord.Interaction, settings: Discord, *, let_through: bool = False) -> Actor:
    """Return who asks. Admins may manage the server; ``let_through``: Discord itself has checked who may use this.

    A server's owner may open a command to other roles in the server's integration settings; Discord enforces that for
    slash commands, so we ask no more of those.
    """
    in_guild = interaction.guild_id is not None
    admin = in_guild and (let_through or interaction.permissions.manage_guild)
    owners = owners_of(interaction.client.application)
    return _actor(interaction.user.id, settings, owners, admin=admin)


def actor_of_message(message: discord.Message, settings: Discord, owners: Collection[int]) -> Actor:
    """Return who wrote a message; admins may manage the server."""
    member = message.author
    admin = isinstance(member, discord.Member) and member.guild_permissions.manage_guild
    return _actor(member.id, settings, owners, admin=admin)


def owners_of(application: discord.AppInfo | None) -> frozenset[int]:
    """Return whose application we are, as Discord named them at login: the owner, or of a team who may change it.

    A team has an account of its own as the application's owner; members who were only invited, or may only look, are
    none of ours (Discord's "Teams": admins and developers).
    """
    if application is None:
        return frozenset()
    team = application.team
    if team is None:
        return frozenset((application.owner.id,))
    trusted = (discord.TeamMemberRole.admin, discord.TeamMemberRole.developer)
    accepted = (one for one in team.members if one.membership_state is discord.TeamMembershipState.accepted)
    return frozenset(one.id for one in accepted if one.role in trusted or one.id == team.owner_id)


def _actor(user_id: int, settings: Discord, owners: Collection[int], *, admin: bool) -> Actor:
    """Say what somebody is to us: feeds are everybody's, so a server's admin changes them only where that is set."""
    operator = user_id in owners or user_id in settings.operators or (admin and settings.feeds_by_admins)
    return Actor(person(user_id), is_admin=admin, is_operator=operator)


def we_are_members(interaction: discord.Interaction) -> bool:
    """Whether we are in the server: people who have installed us for themselves use us in others too."""
    return interaction.guild_id is not None and interaction.client.get_guild(interaction.guild_id) is not None


def missing_to_post(channel: Guildish | None, given: discord.Permissions | None = None) -> list[str]:
    """Return the permissions that we lack to post digests in a channel of a server we are in; empty when none."""
    if channel is None:
        return [TO_POST[0]]
    granted = given if given is not None else channel.permissions_for(channel.guild.me)
    wanted = list(TO_POST)
    if isinstance(channel, discord.Thread):
        wanted[1] = "send_messages_in_threads"
    return [name for name in wanted if not getattr(granted, name)]


def permission_names(missing: Sequence[str], words: Words) -> str:
    """Return permissions by the names that people see in a server's settings."""
    return ", ".join(words(f"discord.permission.{name}") for name in missing)
