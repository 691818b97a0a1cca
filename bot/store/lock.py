"""One instance per database: a file beside it, locked by whoever polls and delivers.

The kernel lets a ``flock`` go when its holder dies, however it dies, so that a stale lock cannot exist. What stands
in the file only tells people who has it. The file is never removed: two waiting processes must wait for the same one.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from bot.ports import Clock
from bot.store.errors import StoreError

STAND_BY_SECONDS = 1.0
"""How often one that stands by looks whether it is its turn."""

_TRIES = 10
_BETWEEN_TRIES_S = 0.05
"""``holder`` locks for a moment to find out: whoever wants the lock then tries again, half a second in all."""
_MOST_BYTES = 1_000


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a database."""

    pid: int
    host: str
    since: str
    """When it took the lock, ISO 8601, UTC."""

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"

    @property
    def is_us(self) -> bool:
        """Whether it is this very process."""
        return (self.pid, self.host) == (os.getpid(), socket.gethostname())


class Held(StoreError):
    """Another instance has the database."""

    def __init__(self, place: str, holder: Holder | None, next_step: str) -> None:
        who = f" ({holder})" if holder else ""
        super().__init__(place, f"another OnRecord runs on this database{who}", next_step)


@contextmanager
def held(database: Path, now: datetime, *, next_step: str) -> Iterator[None]:
    """Hold a database's lock for as long as the context is open.

    Raise ``Held`` when another process has it (``next_step`` says what a person can do then), ``StoreError`` when the
    lock file cannot be made.
    """
    with _file(database) as file:
        if not _take(file):
            raise Held(str(database), _read(file), next_step)
        with _signed(file, now):
            yield


@asynccontextmanager
async def stood_by(
    database: Path, clock: Clock, *, on_wait: Callable[[Holder | None], None]
) -> AsyncIterator[None]:
    """Hold a database's lock as soon as its holder lets it go or dies; ``on_wait`` is told who has it first."""
    with _file(database) as file:
        waiting = False
        while not _take(file, tries=1):
            if not waiting:
                on_wait(_read(file))
            waiting = True
            await clock.sleep(STAND_BY_SECONDS)
        with _signed(file, clock.now()):
            yield


def holder(database: Path) -> Holder | None:
    """Tell who holds a database now; None when nobody does, or when that cannot be found out."""
    try:
        file = os.open(_beside(database), os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _read(file) or Holder(0, "this computer", "an unknown time")
    else:
        return None
    finally:
        os.close(file)


def _beside(database: Path) -> Path:
    """The lock file's place; a link to a database leads to the same one."""
    real = database.resolve()
    return real.with_name(f"{real.name}.lock")


@contextmanager
def _file(database: Path) -> Iterator[int]:
    path = _beside(database)
    if not path.parent.is_dir():
        raise StoreError(
            str(database), f"there is no folder {path.parent}", "Make it, or change database.path."
        )
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(
            str(database),
            f"its lock file {path.name} cannot be written ({error.strerror})",
            "Give this user the right to write the folder and the files of the database.",
        ) from error
    try:
        yield file
    finally:
        os.close(file)  # and with it the lock is gone


def _take(file: int, tries: int = _TRIES) -> bool:
    for left in reversed(range(tries)):
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if left:
            time.sleep(_BETWEEN_TRIES_S)
    return False


@contextmanager
def _signed(file: int, now: datetime) -> Iterator[None]:
    """Write down who we are, until the lock is let go."""
    us = Holder(os.getpid(), socket.gethostname(), now.isoformat(timespec="seconds"))
    with suppress(OSError):  # a full disk takes the words away, not the lock
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps(asdict(us)).encode() + b"\n", 0)
    try:
        yield
    finally:
        with suppress(OSError):
            os.ftruncate(file, 0)


def _read(file: int) -> Holder | None:
    try:
        said = json.loads(os.pread(file, _MOST_BYTES, 0))
        return Holder(int(said["pid"]), str(said["host"]), str(said["since"]))
    except (ValueError, TypeError, KeyError):
        return None
