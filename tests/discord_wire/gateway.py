"""The gateway's side of the fake: sessions that outlive their sockets, events with numbers, replay, close codes."""

from __future__ import annotations

import asyncio
import json
import secrets
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.discord_wire.world import DM, Json, World

GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1 << 0, 1 << 9, 1 << 12, 1 << 15
PRIVILEGED = (1 << 1) | (1 << 8) | MESSAGE_CONTENT
_KNOWN_INTENTS = (1 << 26) - 1

_FLUSHED = b"\x00\x00\xff\xff"
_ON_ITS_WAY_S = 0.01
"""No answer is there at once; discord.py notes the time of a heartbeat only after it has sent it."""
SENDS, SENDS_PER_S = 120, 60.0


class _Plain:
    def pack(self, text: str) -> str | bytes:
        return text


class _Zlib:
    """One zlib stream for a connection, flushed after each payload (events/gateway.mdx, transport compression)."""

    def __init__(self) -> None:
        self._stream = zlib.compressobj()

    def pack(self, text: str) -> bytes:
        packed = self._stream.compress(text.encode()) + self._stream.flush(zlib.Z_SYNC_FLUSH)
        assert packed.endswith(_FLUSHED)
        return packed


class _Zstd:
    """The same with zstandard, which discord.py asks for where that package is installed."""

    def __init__(self) -> None:
        import zstandard  # noqa: PLC0415 - there is a client that speaks it, so it is installed

        self._flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK
        self._stream = zstandard.ZstdCompressor().compressobj()

    def pack(self, text: str) -> bytes:
        return self._stream.compress(text.encode()) + self._stream.flush(self._flush)


_PACKING: dict[str, Callable[[], Any]] = {"": _Plain, "zlib-stream": _Zlib, "zstd-stream": _Zstd}


@dataclass(slots=True)
class Connection:
    """One socket."""

    socket: web.WebSocketResponse
    request: web.Request
    packing: Any
    session: Session | None = None
    sends: list[float] = field(default_factory=list)
    heard: list[Json] = field(default_factory=list)
    silent: bool = False
    """Nothing that is sent arrives any more, though the socket stands."""

    async def send(self, payload: Json) -> None:
        await self.send_text(json.dumps(payload))

    async def send_text(self, text: str) -> None:
        if self.silent:
            return
        packed = self.packing.pack(text)
        try:
            await (
                self.socket.send_str(packed) if isinstance(packed, str) else self.socket.send_bytes(packed)
            )
        except ConnectionError:
            return  # a client that has gone; its session remembers what it missed


@dataclass(slots=True)
class Session:
    """What a bot identified for; it survives a lost connection until it is invalidated."""

    id: str
    intents: int
    shard: tuple[int, int]
    events: list[Json] = field(default_factory=list)
    connection: Connection | None = None

    @property
    def sequence(self) -> int:
        return len(self.events)


class Gateway:
    """Sessions and sockets. ``forbidden_intents`` close with 4014, a wrong token with 4004."""

    def __init__(self, world: World, token: str, changed: Callable[[], None]) -> None:
        self.address = ""
        self.sessions: dict[str, Session] = {}
        self.identified: list[Json] = []
        """Every identify, in order."""
        self.resumed: list[Json] = []
        self.connections: list[Connection] = []
        """All there ever were, in order."""
        self.heartbeat_ms = 41_250
        self.acknowledges = True
        self.turned_away = 0
        """So many of the next connections are answered 503 instead of a handshake."""
        self.forbidden_intents = PRIVILEGED
        self._world = world
        self._token = token
        self._changed = changed
        self._lock = asyncio.Lock()

    # ── What tests do ────────────────────────────────────────────────────────────────────────────────────

    @property
    def ready(self) -> bool:
        """Somebody is connected and identified; of several shards, all of them."""
        there = {one.shard for one in self.sessions.values() if one.connection is not None}
        return bool(there) and all(len(there) == count for _, count in there)

    async def dispatch(self, name: str, data: Json) -> None:
        """Have an event happen: each session whose intents and shard cover it gets it, now or when it resumes."""
        async with self._lock:
            for session in self.sessions.values():
                if self._covers(session, name, data):
                    await self._event(session, name, self._as_seen(session, name, data))
        self._changed()

    async def ask_to_reconnect(self) -> None:
        """Op 7 to everybody."""
        for connection in self._live():
            await connection.send({"op": 7, "d": None})

    async def invalidate(self, *, resumable: bool, shard: int | None = None) -> None:
        """Op 9 to everybody, or to one shard."""
        live = [
            one for one in self._live() if shard is None or (one.session and one.session.shard[0] == shard)
        ]
        if not resumable:
            for connection in live:
                if connection.session is not None:
                    self.sessions.pop(connection.session.id, None)
        for connection in live:
            await connection.send({"op": 9, "d": resumable})

    async def close(self, code: int) -> None:
        """Close every socket with a code."""
        for connection in self._live():
            await connection.socket.close(code=code)

    def go_silent(self) -> None:
        """Have nothing arrive any more on the sockets there are, neither events nor acknowledgements."""
        for connection in self._live():
            connection.silent = True

    def drop(self, shard: int | None = None) -> None:
        """Cut every socket without a word, or one shard's."""
        for connection in self._live():
            if shard is not None and (connection.session is None or connection.session.shard[0] != shard):
                continue
            if connection.request.transport is not None:
                connection.request.transport.abort()

    async def say(self, text: str) -> None:
        """Send everybody any text at all."""
        for connection in self._live():
            await connection.send_text(text)

    async def say_raw(self, packed: bytes) -> None:
        """Send everybody bytes that are no part of what was packed before."""
        for connection in self._live():
            await connection.socket.send_bytes(packed)

    def _live(self) -> list[Connection]:
        return [one for one in self.connections if not one.socket.closed]

    # ── A connection ─────────────────────────────────────────────────────────────────────────────────────

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.turned_away:
            self.turned_away -= 1
            self._changed()
            return web.Response(status=503, text="upstream connect error")
        socket = web.WebSocketResponse(max_msg_size=0, autoclose=True)
        await socket.prepare(request)
        wanted = request.query.get("compress", "")
        if wanted not in _PACKING or request.query.get("v") != "10":
            await socket.close(code=4012)
            return socket
        connection = Connection(socket, request, _PACKING[wanted]())
        self.connections.append(connection)
        await connection.send(
            {"op": 10, "s": None, "t": None, "d": {"heartbeat_interval": self.heartbeat_ms, "_trace": []}}
        )
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                await self._hear(connection, json.loads(message.data))
        finally:
            if connection.session is not None and connection.session.connection is connection:
                connection.session.connection = None
            self._changed()
        return socket

    async def _hear(self, connection: Connection, payload: Json) -> None:
        now = asyncio.get_running_loop().time()
        connection.sends = [at for at in connection.sends if now - at < SENDS_PER_S] + [now]
        connection.heard.append(payload)
        if len(connection.sends) > SENDS:
            await connection.socket.close(code=4008)
            return
        match payload.get("op"):
            case 1:
                if self.acknowledges:
                    await asyncio.sleep(_ON_ITS_WAY_S)
                    await connection.send({"op": 11, "d": None})
            case 2 if connection.session is None:
                await self._identify(connection, payload["d"])
            case 6 if connection.session is None:
                await self._resume(connection, payload["d"])
            case 2 | 6:
                await connection.socket.close(code=4005)
            case _ if connection.session is None:
                await connection.socket.close(code=4003)
            case 3 | 4:
                pass  # presence and voice: nobody here looks at them
            case 8:
                await self._send_members(connection.session, payload["d"])
            case _:
                await connection.socket.close(code=4001)
        self._changed()

    async def _identify(self, connection: Connection, wish: Json) -> None:
        self.identified.append(wish)
        shard = tuple(wish.get("shard") or (0, 1))
        if wish.get("token") != self._token:
            await connection.socket.close(code=4004, message=b"Authentication failed.")
        elif not 0 <= shard[0] < shard[1]:
            await connection.socket.close(code=4010, message=b"Invalid shard.")
        elif not 0 <= wish["intents"] <= _KNOWN_INTENTS:
            await connection.socket.close(code=4013, message=b"Invalid intent(s).")
        elif wish["intents"] & self.forbidden_intents:
            await connection.socket.close(code=4014, message=b"Disallowed intent(s).")
        else:
            session = Session(secrets.token_hex(16), wish["intents"], (shard[0], shard[1]), [], connection)
            self.sessions[session.id] = session
            connection.session = session
            async with self._lock:
                await self._welcome(session)

    async def _welcome(self, session: Session) -> None:
        world = self._world
        guilds = [one for one in world.guilds.values() if self._on_shard(session, one["id"])]
        ready = {
            "v": 10,
            "user": {**world.bot, "email": None, "verified": True, "mfa_enabled": True},
            "guilds": [{"id": one["id"], "unavailable": True} for one in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.address,
            "shard": list(session.shard),
            "application": {"id": world.bot["id"], "flags": 0},
            "private_channels": [],
        }
        await self._event(session, "READY", ready)
        if session.intents & GUILDS:
            for one in guilds:
                await self._event(session, "GUILD_CREATE", world.whole(one))

    async def _resume(self, connection: Connection, wish: Json) -> None:
        self.resumed.append(wish)
        session = self.sessions.get(wish["session_id"])
        if wish["token"] != self._token:
            await connection.socket.close(code=4004)
        elif session is None:
            await connection.send({"op": 9, "d": False})
        elif not 0 <= (wish["seq"] or 0) <= session.sequence:
            await connection.socket.close(code=4007)
        else:
            async with self._lock:
                connection.session, session.connection = session, connection
                for event in session.events[wish["seq"] or 0 :]:
                    await connection.send(event)
                await self._event(session, "RESUMED", {"_trace": []})

    async def _send_members(self, session: Session, wish: Json) -> None:
        guild = self._world.guilds[str(wish["guild_id"])]
        wanted = {str(one) for one in wish.get("user_ids") or []}
        members = [one for one in guild["members"] if not wanted or one["user"]["id"] in wanted]
        chunk = {
            "guild_id": guild["id"],
            "members": members,
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [],
        }
        async with self._lock:
            await self._event(session, "GUILD_MEMBERS_CHUNK", chunk | {"nonce": wish.get("nonce")})

    @staticmethod
    async def _event(session: Session, name: str, data: Json) -> None:
        event = {"op": 0, "s": session.sequence + 1, "t": name, "d": data}
        session.events.append(event)
        if session.connection is not None:
            await session.connection.send(event)

    # ── Who gets to see what ─────────────────────────────────────────────────────────────────────────────

    @staticmethod
    def _on_shard(session: Session, guild_id: str) -> bool:
        number, count = session.shard
        return (int(guild_id) >> 22) % count == number

    def _covers(self, session: Session, name: str, data: Json) -> bool:
        guild_id = data.get("guild_id") or (data["id"] if name.startswith("GUILD_") else None)
        if guild_id is not None and not self._on_shard(session, guild_id):
            return False
        if guild_id is None and session.shard[0] != 0:
            return False
        if name.startswith("MESSAGE_"):
            private = self._world.channels.get(data["channel_id"], {}).get("type") == DM
            return bool(session.intents & (DIRECT_MESSAGES if private else GUILD_MESSAGES))
        if name.startswith(("GUILD_", "CHANNEL_", "THREAD_")):
            return bool(session.intents & GUILDS)
        return True

    def _as_seen(self, session: Session, name: str, data: Json) -> Json:
        """A message without its content, unless the bot wrote it, is addressed by it, or may read everything."""
        if name not in ("MESSAGE_CREATE", "MESSAGE_UPDATE") or session.intents & MESSAGE_CONTENT:
            return data
        bot = self._world.bot["id"]
        mine = data["author"]["id"] == bot or any(one["id"] == bot for one in data["mentions"])
        if mine or self._world.channels[data["channel_id"]]["type"] == DM:
            return data
        return {**data, "content": "", "embeds": [], "attachments": [], "components": []}
