"""The worker's side of ``workers``: what runs inside a process that may be killed at any moment."""

from __future__ import annotations

import ctypes
import importlib
import logging
import multiprocessing
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence

_ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

_OVERDUE_SECONDS = 10.0
"""How long after its deadline a job's own process ends it, should nobody be left to do it from outside."""

_NICENESS = 10
"""Workers take what time the processors have left: people are answered by the process that started them."""

_PR_SET_PDEATHSIG = 1
"""Linux: have the kernel send a signal when the thread that started this process ends."""
_MEGABYTE = 2**20

_unfit: list[str] = []
"""Why this process cannot work at all; empty when it can."""


def prepare(modules: Sequence[str]) -> None:
    """Make a new process fit for work: mortal, quiet, modest, on one thread, with its modules imported.

    A module that cannot be imported is remembered and told to each job: all that pebble would see is a
    process that keeps dying.
    """
    # Pebble's own handler is Python code, which a C call that never returns would never let run.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _die_with_parent()
    os.nice(_NICENESS)
    for name in _ONE_THREAD:
        os.environ[name] = "1"
    # Jobs report through what they return; the libraries' chatter does not belong on the operator's terminal.
    logging.getLogger().addHandler(logging.NullHandler())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        for module in modules:
            importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 - whatever keeps a module from loading is the answer
        _unfit.append(f"{type(error).__name__}: {error}")


def perform(
    target: str, args: Sequence[object], kwargs: Mapping[str, object], deadline: float
) -> tuple[bool, object, int]:
    """Call ``module:function``; return (True, its result, megabytes) or (False, the exception it raised, megabytes).

    The megabytes are what this process occupies now that the job is done.
    Exceptions come back as the nearest built-in type (``RuntimeError`` when there is none nearer) with the same
    message and the worker's traceback as a note: the parent need not import what raised them to understand them.
    """
    if _unfit:
        return False, RuntimeError(f"the worker process could not start: {_unfit[0]}; reinstall onrecord"), 0
    # The parent kills in time. Should it be gone, and the job sit in a C call that lets no thread run, the
    # kernel ends this process: SIGALRM keeps its default action.
    signal.setitimer(signal.ITIMER_REAL, deadline + _OVERDUE_SECONDS)
    returned, value = True, None
    try:
        module, _, function = target.partition(":")
        value = getattr(importlib.import_module(module), function)(*args, **kwargs)
    except BaseException as error:  # noqa: BLE001 - a library's sys.exit() must not end the parent
        returned, value = False, _portable(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return returned, value, resident_megabytes()


def resident_megabytes() -> int:
    """How much memory this process occupies; where that cannot be read, how much it ever did."""
    try:
        with open("/proc/self/statm", encoding="ascii") as sizes:  # noqa: PTH123 - a number, after every job
            pages = int(sizes.read().split()[1])
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak // (_MEGABYTE if sys.platform == "darwin" else 1024)
    return pages * resource.getpagesize() // _MEGABYTE


def _die_with_parent() -> None:
    """Have the kernel end this process with its parent, even deep in a C call that lets no thread run.

    Linux only; elsewhere such a call ends at its deadline. The thread that starts us is pebble's, or the event
    loop's, and lives as long as our pool.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is not None and os.getppid() != parent.pid:
        os._exit(1)  # it died before it could be told


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _portable(error: BaseException) -> Exception:
    message = str(error) or type(error).__name__
    ours = type(error).__module__.partition(".")[0] == "bot"  # our own messages speak for themselves
    portable: Exception = RuntimeError(message if ours else f"{type(error).__name__}: {error}")
    for kind in type(error).__mro__:
        if kind.__module__ == "builtins" and issubclass(kind, Exception) and kind is not Exception:
            try:
                portable = kind(message)
            except TypeError:  # needs more than a message, like UnicodeDecodeError: its parent will do
                continue
            break
    portable.add_note("In the worker:\n" + "".join(traceback.format_exception(error)).rstrip())
    return portable
