"""CPU seconds and memory of this process together with its children: what a run costs."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


def peak_mb() -> float:
    """Most memory this process ever held; getrusage would count what its parent held before it was started."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise OSError("/proc/self/status names no peak; run this on Linux")


class Used:
    """CPU and memory of this process and its children, living and gone; children in ``without`` do not count."""

    def __init__(self, without: Collection[int] = ()) -> None:
        self._process = psutil.Process()
        self._without = frozenset(without)
        self.peak_mb = 0.0

    def _children(self) -> list[psutil.Process]:
        return [child for child in self._process.children(recursive=True) if child.pid not in self._without]

    def cpu(self) -> float:
        """CPU seconds so far."""
        mine = self._process.cpu_times()
        total = mine.user + mine.system + mine.children_user + mine.children_system
        for child in self._children():
            try:
                times = child.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
        return float(total)

    def look(self) -> None:
        """Note how much memory is in use now."""
        total = 0
        for process in (self._process, *self._children()):
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        self.peak_mb = max(self.peak_mb, total / 2**20)

    @contextmanager
    def looking(self, every: float = 0.25) -> Iterator[None]:
        """Look again and again meanwhile; ``every`` in seconds."""
        stop = threading.Event()

        def look() -> None:
            while not stop.wait(every):
                self.look()

        watcher = threading.Thread(target=look, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()
            self.look()
