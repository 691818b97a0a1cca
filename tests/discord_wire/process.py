"""The bot as an operator starts it: a file of settings, a token in the environment, ``python -m bot run``."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.killing import ROOT, no_process_of

STOP_S = 30.0
"""How long a told stop may take here; the bot promises 10 s on a machine that is not busy with tests."""


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


class BotProcess:
    """One process of the bot; what it prints is kept in a file."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *arguments: str) -> None:
        self.log = folder / "bot.log"
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DISCORD_", "SLACK_", "ONRECORD_"))
        } | dict(environment)
        self._arguments = arguments or ("run", "--config", str(folder / "onrecord.toml"))
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; it runs in a group of its own, with its workers."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot",
                *self._arguments,
                cwd=ROOT,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def ended(self) -> int:
        """Wait until it ends by itself and return its exit code."""
        assert self._process is not None
        async with asyncio.timeout(STOP_S):
            return await self._process.wait()

    async def stop(self) -> int:
        """Ask it to stop, as a service manager does; return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return await self.ended()

    async def kill(self) -> None:
        """Kill it with all its workers, without a word."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        await no_process_of(self._process.pid)

    @property
    def printed(self) -> str:
        """All that it has printed so far."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""
