"""The questions everybody may ask: a digest, who said what, one story, a search."""

from __future__ import annotations

from dataclasses import replace

from bot.commands import followups
from bot.commands.desk import Desk
from bot.commands.nearest import nearest
from bot.commands.requests import BadRequest, Request
from bot.message.blocks import Message
from bot.model import Query

_MISSPELT = 75
"""rapidfuzz's ratio from which an unknown outlet is a known one with a slip in it."""


async def digest(request: Request, desk: Desk) -> Message:
    """A digest now, of the period named or the usual one."""
    query = Query(
        verb="digest",
        topic=request.topic or "war",
        since=request.since,
        until=request.until,
        style=request.style or desk.settings.digests.style,
    )
    return await followups.answered(query, request, desk)


async def said(request: Request, desk: Desk) -> Message:
    """Dated statements of one speaker, in the article's words."""
    if request.outlet:
        await _check_outlet(request.outlet, desk)
    query = Query(
        verb="said",
        speaker=request.speaker,
        about=request.about,
        since=request.since,
        until=request.until,
        outlet=request.outlet,
        kind=request.kind,
    )
    return await followups.answered(query, request, desk)


async def _check_outlet(given: str, desk: Desk) -> None:
    """Raise ``BadRequest`` for a misspelt outlet of ours; an aggregator's feed may carry others, never heard of."""
    titles = await desk.store.feed_titles()
    if any(given.casefold() in title.casefold() for title in titles):
        return
    if close := nearest(given, titles, like=_MISSPELT):
        raise BadRequest(desk.words("command.error.unknown_outlet", given=given), close)


async def story(request: Request, desk: Desk) -> Message:
    """One story: by its number in the last answer that numbered stories, or by an article's address."""
    query = Query(verb="story", story=request.story)
    if request.story.isdecimal():
        last = await followups.last(request, desk)
        if last is None or not last.query.shown_stories:
            raise BadRequest(
                desk.words("command.error.no_stories", given=request.story), examples=("digest",)
            )
        query = replace(query, shown_stories=last.query.shown_stories, topic=last.query.topic)
    return await followups.answered(query, request, desk)


async def search(request: Request, desk: Desk) -> Message:
    """Words in titles, texts and statements."""
    query = Query(verb="search", text=request.text, since=request.since, until=request.until)
    return await followups.answered(query, request, desk)
