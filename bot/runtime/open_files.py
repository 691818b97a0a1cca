"""How many connections the operating system lets one process hold open."""

from __future__ import annotations

import sys

_FOR_THE_REST = 256
"""Files and sockets of the database, the workers, the chats and the pages being read."""


def most(wanted: int) -> int:
    """Return how many of so many connections may be open at once, after asking the system for room.

    The usual limit of 1,024 may be raised by the process itself; where it may not, there are fewer.
    """
    if sys.platform == "win32":
        return wanted
    import resource  # noqa: PLC0415 - Windows has none

    needed = wanted + _FOR_THE_REST
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(min(wanted, soft - _FOR_THE_REST), 1)
