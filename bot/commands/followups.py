"""What may be asked about the last answer for 7 days: the query is stored, so a restart changes nothing."""

from __future__ import annotations

from dataclasses import replace

from bot import queries
from bot.commands.desk import Desk
from bot.commands.requests import BadRequest, Request
from bot.message.blocks import Message
from bot.model import Actor, FollowUp, Query


async def answered(query: Query, request: Request, desk: Desk) -> Message:
    """Answer a query and remember it for follow-ups.

    An answer that cannot number stories keeps the numbers of the one before, so that "story 2" still means
    what the reader sees further up.
    """
    if query.verb != "digest" and not query.shown_stories and (before := await last(request, desk)):
        query = replace(query, shown_stories=before.query.shown_stories)
    answer = await queries.answer(
        query,
        store=desk.store,
        knowledge=desk.knowledge,
        words=desk.words,
        settings=desk.settings,
        now=request.at,
        zone=desk.zone_of(request.channel),
    )
    return await remember(answer, request, desk)


async def remember(answer: queries.Answer, request: Request, desk: Desk) -> Message:
    """Keep an answer's query for this person's follow-ups in this channel; return its message with the address."""
    await desk.store.save_channel(request.channel)
    kept = queries.follow_up(answer.query, request.channel.id, request.actor.id, request.at)
    await desk.store.save_followup(kept)
    return queries.addressed(answer.message, kept)


async def again(request: Request, desk: Desk) -> Message:
    """The answer that is referred to, once more; it stays the same answer."""
    before = await _needed(request, desk)
    return queries.addressed((await _repeated(before, request, desk)).message, before)


async def everybodys(request: Request, desk: Desk) -> Message:
    """The answer that is referred to, once more, to be posted: whoever reads it may go on from it."""
    before = await _needed(request, desk)
    shared = replace(request, actor=Actor(queries.EVERYBODY))
    return await remember(await _repeated(before, request, desk), shared, desk)


async def _repeated(before: FollowUp, request: Request, desk: Desk) -> queries.Answer:
    return await queries.answer(
        before.query,
        store=desk.store,
        knowledge=desk.knowledge,
        words=desk.words,
        settings=desk.settings,
        now=request.at,
        zone=desk.zone_of(request.channel),
    )


async def more(request: Request, desk: Desk) -> Message:
    """What comes after the last answer."""
    before = await _needed(request, desk)
    return await answered(queries.next_page(before.query, desk.settings), request, desk)


async def links(request: Request, desk: Desk) -> Message:
    """The addresses behind the last answer; it stays the last answer."""
    before = await _needed(request, desk)
    answer = await queries.sources(
        before.query,
        store=desk.store,
        knowledge=desk.knowledge,
        words=desk.words,
        settings=desk.settings,
        now=request.at,
        zone=desk.zone_of(request.channel),
    )
    return queries.addressed(answer.message, before)


async def _needed(request: Request, desk: Desk) -> FollowUp:
    before = await last(request, desk)
    if before is None:
        raise BadRequest(
            desk.words("command.error.nothing_before", command=request.command),
            examples=("digest", "said …", "search …"),
        )
    return before


async def last(request: Request, desk: Desk) -> FollowUp | None:
    """Return the answer that a request refers to.

    The one replied to; else the newest of the person's own in the channel and the digests posted to it.
    """
    found = [
        await desk.store.followup(request.channel.id, actor, now=request.at, followup_id=request.reply_to)
        for actor in (request.actor.id, queries.EVERYBODY)
    ]
    return max(filter(None, found), key=lambda followup: followup.created_at, default=None)
