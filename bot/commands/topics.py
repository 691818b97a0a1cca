"""Which topics there are and what each of them takes in. For admins."""

from __future__ import annotations

from datetime import timedelta

from bot.commands.desk import Desk
from bot.commands.requests import Request
from bot.message import lists
from bot.message.blocks import Action, Actions, Message, Text, Title

_LOOK_BACK = timedelta(days=7)
_MOST_TERMS = 60


async def show(request: Request, desk: Desk) -> Message:
    """List all topics."""
    del request
    return lists.topics(desk.knowledge.topics, words=desk.words)


async def one(request: Request, desk: Desk) -> Message:
    """Say what a topic takes in: its words, and how much that was in the last 7 days."""
    topic = next(topic for topic in desk.knowledge.topics if topic.name == request.topic)
    found = await desk.store.searched(topic=topic.name, since=request.at - _LOOK_BACK, until=None)
    strongest = sorted(topic.terms, key=lambda term: -term[1])[:_MOST_TERMS]
    return Message(
        (
            Title(topic.title, aside=topic.name),
            Text(topic.description),
            Text(desk.words("command.topics.last_week", articles=found.articles, outlets=found.outlets)),
            Text(
                desk.words("command.topics.terms", terms=", ".join(term for term, _ in strongest)),
                tone="muted",
            ),
            Actions((Action(f"digest {topic.name}", f"digest {topic.name}"),)),
        )
    )
