"""SqlStore: all of the store's doors, on one SQLite file.

Each method is one whole fact. The SQL stands by subject in the ``*_sql`` modules, as plain functions of an open
connection; here they are sent to the one writer or to a reader, so that the event loop never waits for a disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from bot.intake import identity
from bot.kept import KeptAbout, KeptInSpace
from bot.model import (
    Article,
    ArticleState,
    Channel,
    Delivery,
    DeliveryState,
    EntryData,
    Feed,
    FollowUp,
    StoredStatement,
    Story,
    StorySketch,
    Subscription,
    TextVersion,
    Trouble,
)
from bot.ports import (
    ArticleToRead,
    Backlog,
    Digest,
    Hits,
    KeptNotice,
    LostChannel,
    Notice,
    Outcome,
    Poll,
    Prunable,
    ReadArticle,
    Searched,
    Seen,
    Store,
    Totals,
    Wanted,
)
from bot.store import (
    articles_sql,
    entries_sql,
    feeds_sql,
    leaving_sql,
    notices_sql,
    outbox_sql,
    people_sql,
    search_sql,
    spaces_sql,
    statements_sql,
    stories_sql,
    totals_sql,
    upkeep_sql,
)
from bot.store.errors import StoreError, explained
from bot.store.opening import MEMORY, READERS, migrate, read_engine, upgrade, write_engine
from bot.store.statements_sql import statement_id
from bot.store.writer import Writer

__all__ = ["SqlStore", "StoreError", "migrate", "statement_id"]

P = ParamSpec("P")
T = TypeVar("T")


class SqlStore(Store):
    """Everything the bot remembers; made by ``open``."""

    def __init__(self, writer: Writer, reading: Engine, readers: ThreadPoolExecutor, place: str) -> None:
        self._writer = writer
        self._reading = reading
        self._readers = readers
        self._place = place

    @property
    def fault(self) -> str:
        """Why the last write was not saved, and what to do; empty when it was."""
        return self._writer.fault

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path | str) -> AsyncIterator[Self]:
        """Open a database file, bringing it up to date; ``:memory:`` gives one that is gone at the end.

        Raise ``StoreError`` for a file that cannot be used, which is then left as it is. Leaving the context
        finishes the writes that wait.
        """
        memory = str(path) == MEMORY
        if not memory:
            await asyncio.to_thread(migrate, path)
        writing = write_engine(path)
        with (
            ThreadPoolExecutor(1, "store-writer") as thread,
            ThreadPoolExecutor(READERS, "store-reader") as pool,
        ):
            # A database in memory lives in one connection, so its one thread does everything in turn.
            reading, readers = (writing, thread) if memory else (read_engine(path), pool)
            try:
                if memory:
                    await asyncio.get_running_loop().run_in_executor(thread, _make_tables, writing)
                writer = Writer(writing, thread, str(path))
                try:
                    yield cls(writer, reading, readers, str(path))
                finally:
                    await writer.close()
            finally:
                reading.dispose()
                writing.dispose()

    async def _write(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._writer.write(lambda connection: work(connection, *args, **kwargs))

    async def _read(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        def in_one_transaction() -> T:
            with self._reading.begin() as connection:
                return work(connection, *args, **kwargs)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, in_one_transaction)
        except SQLAlchemyError as error:
            raise explained(error, self._place) from error

    # ── Feeds ────────────────────────────────────────────────────────────────────────────────────────────

    async def add_feed(self, url: str, title: str, *, now: datetime) -> Feed:
        """Remember a feed, due at once; a known one comes back as it is, a removed one is taken up again."""
        return await self._write(feeds_sql.add_feed, url, title, now)

    async def feeds(self) -> list[Feed]:
        """All feeds, by id."""
        return await self._read(feeds_sql.all_feeds)

    async def feed_titles(self) -> list[str]:
        """The titles of all feeds, each once, in order."""
        return await self._read(feeds_sql.feed_titles)

    async def failing_feeds(self) -> list[str]:
        """Titles, or addresses, of the feeds in trouble that are not paused, by id."""
        return await self._read(feeds_sql.failing_feeds)

    async def due_feeds(self, now: datetime, limit: int) -> list[Feed]:
        """Feeds that are due and not paused, longest overdue first."""
        return await self._read(feeds_sql.due_feeds, now, limit)

    async def next_due_at(self) -> datetime | None:
        """When the next feed becomes due; None without feeds."""
        return await self._read(feeds_sql.next_due_at)

    async def save_feed(self, feed: Feed) -> None:
        """Replace a feed's row; raise ``LookupError`` when there is none."""
        await self._write(feeds_sql.save_feed, feed)

    async def remove_feed(self, feed_id: int) -> None:
        """Stop reading a feed; its entries' keys and its articles stay."""
        await self._write(feeds_sql.remove_feed, feed_id)

    async def seen(self, feed_id: int, keys: Sequence[bytes], aliases: Sequence[bytes] = ()) -> Seen:
        """What is stored of a feed's entries under these keys, and under these other names of entries."""
        return await self._read(entries_sql.seen, feed_id, keys, aliases)

    async def entry_dates(self, feed_id: int, limit: int) -> list[datetime]:
        """When a feed's newest entries were published, or first seen; newest first."""
        return await self._read(entries_sql.entry_dates, feed_id, limit)

    async def held_entries(self) -> dict[int, int]:
        """How many entries the flood brake holds back, by feed id; feeds without any are left out."""
        return await self._read(entries_sql.held_entries)

    async def release_held(self, feed_id: int) -> int:
        """Have a feed's held entries read and owed like any new one; return how many articles that frees."""
        return await self._write(entries_sql.release_held, feed_id)

    async def mend_due_times(self, now: datetime) -> int:
        """Bring feeds back whose times a clock running ahead has put out of reach; return how many."""
        return await self._write(feeds_sql.mend_due_times, now)

    async def pardon(self, feeds: Sequence[Feed]) -> None:
        """Take back failures that were no fault of these feeds."""
        await self._write(feeds_sql.pardon, feeds)

    async def feeds_to_tell(self) -> list[Feed]:
        """Feeds in trouble whose owner has not been told."""
        return await self._read(feeds_sql.feeds_to_tell)

    async def save_owner_told(self, feed_id: int, now: datetime) -> None:
        """Remember that the owner was told of a feed's present trouble."""
        await self._write(feeds_sql.save_owner_told, feed_id, now)

    async def save_poll(self, poll: Poll) -> int:
        """Save validators, due time and entries together; return how many articles are new."""
        return await self._write(feeds_sql.save_poll, poll)

    # ── Articles ─────────────────────────────────────────────────────────────────────────────────────────

    async def articles_to_read(self, now: datetime, limit: int) -> list[ArticleToRead]:
        """Articles that may be read now, first seen first."""
        return await self._read(articles_sql.articles_to_read, now, limit)

    async def save_unread(
        self,
        article_id: int,
        *,
        state: ArticleState,
        attempts: int,
        not_before: datetime | None,
        trouble: Trouble,
    ) -> None:
        """Record a failed reading: to be tried again after ``not_before``, or given up."""
        await self._write(
            articles_sql.save_unread,
            article_id,
            state=state,
            attempts=attempts,
            not_before=not_before,
            trouble=trouble,
        )

    async def save_reading(self, read: ReadArticle) -> int:
        """Save text, statements and place together; return how many statements are new."""
        return await self._write(articles_sql.save_reading, read)

    async def story_sketches(self, since: datetime) -> list[StorySketch]:
        """Sketches of the stories whose newest article is from then or later."""
        return await self._read(stories_sql.story_sketches, since)

    async def copy_candidates(self, bands: Sequence[int], since: datetime) -> list[tuple[int, str, bytes]]:
        """(id, text, minhash) of articles sharing a band, oldest first, at most 50; the asking one among them."""
        return await self._read(articles_sql.copy_candidates, bands, since)

    async def article(self, article_id: int) -> Article | None:
        """One article, or None."""
        return await self._read(articles_sql.article, article_id)

    async def article_by_url(self, url: str) -> Article | None:
        """The article with this address, or with another form of it, or None."""
        asked = EntryData(guid="", link=url, title="", summary="", text="")
        return await self._read(articles_sql.article_by_url, url, identity.keys(asked).link_key)

    async def text_version(self, article_id: int, version: int | None = None) -> TextVersion | None:
        """A stored text, the newest unless told; None when there is none."""
        return await self._read(articles_sql.text_version, article_id, version)

    # ── Statements, stories, search ──────────────────────────────────────────────────────────────────────

    async def statements(self, wanted: Wanted) -> list[StoredStatement]:
        """What was said and is wanted, from newest text versions, oldest first seen first."""
        return await self._read(statements_sql.statements_wanted, wanted)

    async def speakers(self) -> list[tuple[str, int]]:
        """Every speaker with the number of statements, most quoted first."""
        return await self._read(statements_sql.speakers)

    async def last_serial(self) -> int:
        """The highest serial stored so far; 0 when there is none."""
        return await self._read(statements_sql.last_serial)

    async def searched(self, *, topic: str, since: datetime | None, until: datetime | None) -> Searched:
        """How much stands behind an answer about this topic and period."""
        return await self._read(statements_sql.searched, topic, since, until)

    async def stories(self, ids: Sequence[int]) -> list[Story]:
        """These stories in this order, each with its articles, first seen first; unknown ids are left out."""
        return await self._read(stories_sql.stories_by_id, ids)

    async def stories_between(
        self, *, topic: str, since: datetime | None, until: datetime | None, limit: int
    ) -> list[Story]:
        """Stories of a topic with an article first seen in the period, latest first."""
        return await self._read(stories_sql.stories_between, topic, since, until, limit)

    async def search(self, text: str, *, since: datetime | None, until: datetime | None, limit: int) -> Hits:
        """Find words in titles, texts and statements; odd characters are words, never syntax."""
        return await self._read(search_sql.search, text, since, until, limit)

    # ── Channels, follow-ups, subscriptions ──────────────────────────────────────────────────────────────

    async def save_channel(self, channel: Channel) -> None:
        """Remember a channel and its space, or update its name and zone."""
        await self._write(spaces_sql.save_channel, channel)

    async def channel(self, channel_id: str) -> Channel | None:
        """One channel, or None."""
        return await self._read(spaces_sql.channel, channel_id)

    async def save_followup(self, followup: FollowUp) -> None:
        """Remember an answer for follow-ups; expired ones are dropped in passing."""
        await self._write(spaces_sql.save_followup, followup)

    async def followup(
        self, channel_id: str, actor_id: str, *, now: datetime, followup_id: str | None = None
    ) -> FollowUp | None:
        """A person's newest unexpired answer in this channel, or the one with this id."""
        return await self._read(spaces_sql.followup, channel_id, actor_id, now, followup_id)

    async def spaces(self, prefix: str) -> list[str]:
        """Ids of the spaces with this prefix that we have not left, by id."""
        return await self._read(leaving_sql.space_ids, prefix)

    async def leave_space(self, space_id: str, now: datetime) -> None:
        """Note that we are no longer in a space."""
        await self._write(leaving_sql.leave_space, space_id, now)

    async def return_to_space(self, space_id: str) -> None:
        """Take a space and its lost channels up again."""
        await self._write(leaving_sql.return_to_space, space_id)

    async def forget_left(self, before: datetime) -> int:
        """Forget all about the spaces left before then; return how many."""
        return await self._write(leaving_sql.forget_left, before)

    async def kept_about(self, actor_id: str) -> KeptAbout:
        """Count what is kept about somebody."""
        return await self._read(people_sql.kept_about, actor_id)

    async def forget_person(self, actor_id: str) -> KeptAbout:
        """Remove what is kept about somebody; return how much it was."""
        return await self._write(people_sql.forget_person, actor_id)

    async def kept_in_space(self, space_id: str) -> KeptInSpace | None:
        """Count what is kept about a space; None for one that is not known."""
        return await self._read(leaving_sql.kept_in_space, space_id)

    async def forget_space(self, space_id: str) -> KeptInSpace:
        """Remove everything kept about a space; return how much it was."""
        return await self._write(leaving_sql.forget_space, space_id)

    async def add_subscription(self, subscription: Subscription) -> Subscription:
        """Save a new one for a known channel; its ``id`` is given here."""
        return await self._write(spaces_sql.add_subscription, subscription)

    async def subscriptions(self, channel_id: str | None = None) -> list[Subscription]:
        """All of them, or one channel's, by id."""
        return await self._read(spaces_sql.all_subscriptions, channel_id)

    async def save_subscription(self, subscription: Subscription) -> None:
        """Replace a subscription's row; its cursor never goes back."""
        await self._write(spaces_sql.save_subscription, subscription)

    async def remove_subscription(self, subscription_id: int) -> None:
        """Forget it; what it already owed is still delivered."""
        await self._write(spaces_sql.remove_subscription, subscription_id)

    async def due_subscriptions(self, now: datetime) -> list[Subscription]:
        """Unpaused subscriptions that are due, longest overdue first."""
        return await self._read(spaces_sql.due_subscriptions, now)

    # ── The outbox ───────────────────────────────────────────────────────────────────────────────────────

    async def save_digest(self, digest: Digest) -> int:
        """Save deliveries, cursor and due time together; return how many deliveries are new."""
        return await self._write(outbox_sql.save_digest, digest)

    async def recover(self, now: datetime) -> int:
        """At start: every ``sending`` becomes ``unknown``; return how many."""
        return await self._write(outbox_sql.recover, now)

    async def claim(self, now: datetime, limit: int, closed: Collection[str] = ()) -> list[Delivery]:
        """Each channel's first open delivery that may be tried now; pending ones are now ``sending``."""
        return await self._write(outbox_sql.claim, now, limit, closed)

    async def settle(self, delivery_id: int, outcome: Outcome, *, now: datetime) -> None:
        """Record what became of an attempt; what was sent stays sent."""
        await self._write(outbox_sql.settle, delivery_id, outcome, now)

    async def backlog(self, subscription_id: int) -> Backlog | None:
        """What a subscription's next digest may take in; None when nothing waits."""
        return await self._read(outbox_sql.backlog, subscription_id)

    async def retry(self, delivery_ids: Sequence[int]) -> int:
        """Owe dead deliveries again; return how many."""
        return await self._write(outbox_sql.retry, delivery_ids)

    async def lost_channels(self) -> list[LostChannel]:
        """Channels that take no more messages, by id."""
        return await self._read(notices_sql.lost_channels)

    async def regain_channel(self, channel_id: str) -> bool:
        """Send to a lost channel again; False when it was not lost."""
        return await self._write(notices_sql.regain_channel, channel_id)

    async def save_notice(self, notice: Notice) -> bool:
        """Keep a notice and owe it to its first address; False when it was told before."""
        return await self._write(notices_sql.save_notice, notice)

    async def notices(self, limit: int = 100) -> list[KeptNotice]:
        """What owners were told, newest first."""
        return await self._read(notices_sql.all_notices, limit)

    async def deliveries(self, state: DeliveryState | None = None, limit: int = 100) -> list[Delivery]:
        """Deliveries, newest first."""
        return await self._read(outbox_sql.all_deliveries, state, limit)

    # ── Upkeep ───────────────────────────────────────────────────────────────────────────────────────────

    async def last_upkeep(self) -> datetime | None:
        """When the daily upkeep was last done."""
        return await self._read(upkeep_sql.last_upkeep)

    async def upkeep_done(self, now: datetime) -> None:
        """Remember that it is done."""
        await self._write(upkeep_sql.upkeep_done, now)

    async def prune(self, what: Prunable, before: datetime, limit: int) -> int:
        """Let go of at most so many that are older than ``before``; return how many were looked at."""
        return await self._write(upkeep_sql.prune, what, before, limit)

    async def give_back_space(self, pages: int) -> int:
        """Make the file shorter by at most so many free pages; return by how many."""
        return await self._write(upkeep_sql.give_back_space, pages)

    async def mend_times(self, now: datetime) -> int:
        """Pull back what a clock that ran ahead has put off too far; return how many rows."""
        return await self._write(upkeep_sql.mend_times, now)

    async def totals(self) -> Totals:
        """Count everything kept."""
        return await self._read(totals_sql.totals)


def _make_tables(engine: Engine) -> None:
    with engine.begin() as connection:
        upgrade(connection)
