"""The fetcher against a scripted server on loopback: what it sends, what it takes, and how it explains itself."""

import asyncio
import gzip
import zlib
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import brotli
import pytest

from bot.intake.decoding import zstd
from bot.intake.fetch import HttpFetcher
from bot.model import Validators
from bot.settings import Fetching

NOW = datetime(2031, 5, 12, 6, tzinfo=UTC)
FEED = b"<rss version='2.0'><channel><title>Example Wire</title></channel></rss>"


class StillClock:
    """A clock that only moves when someone sleeps on it."""

    def __init__(self):
        self.slept = []

    def now(self):
        return NOW

    async def sleep(self, seconds):
        self.slept.append(seconds)


class RawServer:
    """Answers each request head with the bytes its script gives; keeps every head it saw."""

    def __init__(self, script):
        self.script = script
        self.heads = []
        self.open = self.most_open = 0

    async def handle(self, reader, writer):
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            answer = self.script(head)
            if asyncio.iscoroutine(answer):
                answer = await answer
            if hasattr(answer, "__aiter__"):
                async for part in answer:
                    writer.write(part)
                    await writer.drain()
            else:
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()

    def header(self, name, at=-1):
        for line in self.heads[at].split(b"\r\n")[1:]:
            key, _, value = line.partition(b": ")
            if key.lower() == name.lower().encode():
                return value
        return None


def response(body=b"", status=b"200 OK", headers=(), *, length=True):
    lines = [b"HTTP/1.1 " + status, *headers]
    if length:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@asynccontextmanager
async def serving(script, host="127.0.0.1", port=0):
    server = RawServer(script)
    listener = await asyncio.start_server(server.handle, host, port)
    server.port = listener.sockets[0].getsockname()[1]
    server.url = f"http://{host}:{server.port}"
    try:
        yield server
    finally:
        listener.close()
        await listener.wait_closed()


@asynccontextmanager
async def fetching(clock=None, **settings):
    settings = {"allow_networks": ("127.0.0.0/8",), "timeout_seconds": 5, **settings}
    async with HttpFetcher(Fetching(**settings), clock or StillClock()) as fetcher:
        yield fetcher


async def fetch_from(answer, *, path="/feed", validators=None, page=False, **settings):
    """One fetch from a server with one answer; returns (fetched, server)."""
    async with (
        serving(answer if callable(answer) else lambda _head: answer) as server,
        fetching(**settings) as fetcher,
    ):
        return await fetcher.fetch(server.url + path, validators=validators, page=page), server


# ── What is sent ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_feed_request_names_us_and_carries_nothing_it_need_not():
    fetched, server = await fetch_from(
        response(FEED, headers=[b"Set-Cookie: id=1", b"Content-Type: application/rss+xml"]),
        path="/feed?a=%7E1&b",
        user_agent="OnRecord/0.1 (+https://example.org)",
    )
    assert (fetched.outcome, fetched.status, fetched.body) == ("ok", 200, FEED)
    assert fetched.content_type == "application/rss+xml"
    head = server.heads[0].decode()
    assert head.startswith("GET /feed?a=%7E1&b HTTP/1.1\r\n")
    names = {line.partition(":")[0] for line in head.strip().split("\r\n")[1:]}
    assert names == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
    assert server.header("User-Agent") == b"OnRecord/0.1 (+https://example.org)"
    assert server.header("Accept-Encoding") == b"gzip, deflate, br, zstd"
    accepted = server.header("Accept").decode()
    assert accepted.startswith("application/atom+xml, application/rss+xml")
    assert accepted.endswith("*/*;q=0.1")


async def test_cookies_are_not_kept():
    async with (
        serving(lambda _head: response(FEED, headers=[b"Set-Cookie: id=1; Path=/"])) as server,
        fetching() as fetcher,
    ):
        await fetcher.fetch(server.url)
        await fetcher.fetch(server.url)
    assert len(server.heads) == 2
    assert server.header("Cookie") is None


ODD_VALIDATORS = [
    b'"plain"',
    b'W/"weak"',
    b"unquoted",
    b'"with space inside"',
    b'""',
    b'W/""',
    b'"unclosed',
    b"'single'",
    b'"a","b"',
    b'"\xc3\xa9t\xc3\xa9"',
    b'"caf\xe9"',
    b'"\xff\xfe"',
    b'"tab\there"',
    b'"back\\slash"',
    b"*",
    b"0",
    b'"gzip--gzip;x=1"',
    b'"%22%0d%0a"',
    b'"' + b"x" * 900 + b'"',
    b'W/"\xd0\xb2\xb5"',
]


@pytest.mark.parametrize("etag", ODD_VALIDATORS)
async def test_validators_come_back_byte_for_byte(etag):
    first = response(FEED, headers=[b"ETag: " + etag, b"Last-Modified: yesterday, about noon " + etag])

    def script(head):
        return response(status=b"304 Not Modified", length=False) if b"If-None-Match" in head else first

    async with serving(script) as server, fetching() as fetcher:
        fetched = await fetcher.fetch(server.url)
        assert fetched.validators == Validators(etag, b"yesterday, about noon " + etag)
        again = await fetcher.fetch(server.url, validators=fetched.validators)
    assert again.outcome == "unchanged"
    assert again.validators is None
    assert server.header("If-None-Match") == etag
    assert server.header("If-Modified-Since") == b"yesterday, about noon " + etag


async def test_a_feed_without_validators_gets_no_made_up_condition():
    fetched, server = await fetch_from(response(FEED), validators=Validators())
    assert fetched.validators == Validators()
    assert server.header("If-None-Match") is None
    assert server.header("If-Modified-Since") is None


async def test_a_304_renews_the_validators_it_names_and_keeps_the_others():
    fetched, _ = await fetch_from(
        response(status=b"304 Not Modified", headers=[b'ETag: "two"'], length=False),
        validators=Validators(b'"one"', b"Mon, 12 May 2031 05:00:00 GMT"),
    )
    assert fetched.outcome == "unchanged"
    assert fetched.validators == Validators(b'"two"', b"Mon, 12 May 2031 05:00:00 GMT")


async def test_a_304_that_nobody_asked_for_is_a_failure():
    fetched, _ = await fetch_from(response(status=b"304 Not Modified", length=False))
    assert fetched.outcome == "failed"
    assert "304" in fetched.cause


# ── Bodies ───────────────────────────────────────────────────────────────────────────────────────────────

_DEFLATE_RAW = zlib.compress(FEED)[2:-4]


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"zstd", zstd.compress(FEED)),
        (b"zstd", zstd.compress(FEED[:20]) + zstd.compress(FEED[20:])),
        (b"gzip", gzip.compress(FEED)),
        (b"gzip", gzip.compress(FEED[:20]) + gzip.compress(FEED[20:]) + b"\0\0\0"),
        (b"x-gzip", gzip.compress(FEED)),
        (b"deflate", zlib.compress(FEED)),
        (b"deflate", _DEFLATE_RAW),
        (b"br", brotli.compress(FEED)),
        (b"identity", FEED),
        (b"UTF-8", FEED),
    ],
)
async def test_each_encoding_we_ask_for_is_taken_off(encoding, body):
    fetched, _ = await fetch_from(response(body, headers=[b"Content-Encoding: " + encoding]))
    assert (fetched.outcome, fetched.body) == ("ok", FEED)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"gzip", gzip.compress(FEED)[:-9]),
        (b"deflate", zlib.compress(FEED)[:-6]),
        (b"zstd", zstd.compress(FEED * 50)[:-6]),
        (b"br", brotli.compress(FEED * 50)[:-3]),
    ],
)
async def test_a_compressed_body_that_breaks_off_fails_and_gives_no_validators(encoding, body):
    fetched, _ = await fetch_from(response(body, headers=[b"Content-Encoding: " + encoding, b'ETag: "new"']))
    assert fetched.outcome == "failed"
    assert fetched.validators is None
    assert "breaks off" in fetched.cause


async def test_a_body_shorter_than_announced_fails():
    fetched, _ = await fetch_from(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + FEED)
    assert (fetched.outcome, fetched.cause) == ("failed", "the answer breaks off before its end")


@pytest.mark.parametrize(
    ("encoding", "pack"), [(b"gzip", gzip.compress), (b"br", brotli.compress), (b"zstd", zstd.compress)]
)
async def test_a_bomb_is_stopped_at_the_limit(encoding, pack):
    bomb = pack(b"\0" * 30_000_000)
    assert len(bomb) < 40_000
    fetched, _ = await fetch_from(
        response(bomb, headers=[b"Content-Encoding: " + encoding]), max_feed_bytes=100_000
    )
    assert (fetched.outcome, fetched.body) == ("failed", b"")
    assert "larger than 100,000 bytes" in fetched.cause
    assert "max_feed_bytes" in fetched.next_step


async def test_an_endless_body_is_stopped_at_the_limit():
    sent = 0

    async def endless(_head):
        nonlocal sent
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            sent += 10_000
            yield b"x" * 10_000

    fetched, _ = await fetch_from(endless, max_feed_bytes=50_000)
    assert fetched.outcome == "failed"
    assert "larger than 50,000 bytes" in fetched.cause
    assert "max_feed_bytes" in fetched.next_step
    assert sent < 20_000_000


async def test_an_announced_size_over_the_limit_is_not_even_read():
    fetched, _ = await fetch_from(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
    assert "larger than" in fetched.cause


async def test_a_server_that_drips_is_left_after_the_time_limit():
    async def dripping(_head):
        yield b"HTTP/1.1 200 OK\r\n"
        while True:
            await asyncio.sleep(0.02)
            yield b"X-Drip: 1\r\n"

    fetched, _ = await fetch_from(dripping, timeout_seconds=0.2)
    assert fetched.outcome == "failed"
    assert "0.2 s" in fetched.cause


# ── Redirects ────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_redirect_to_another_host_is_followed_and_the_answering_address_told():
    async with serving(lambda _head: response(FEED), host="127.0.0.2") as target:
        location = f"{target.url}/new".encode()
        fetched, _ = await fetch_from(response(status=b"302 Found", headers=[b"Location: " + location]))
    assert (fetched.outcome, fetched.body, fetched.url) == ("ok", FEED, f"{target.url}/new")


async def test_relative_and_odd_redirect_targets_are_resolved():
    def script(head):
        path = head.split(b" ")[1]
        if path == b"/a/feed":
            return response(status=b"301 Moved", headers=["Location: ../b ü?x=1#top".encode()])
        return response(FEED) if path == b"/b%20%C3%BC?x=1" else response(status=b"404 Not Found")

    fetched, _ = await fetch_from(script, path="/a/feed")
    assert fetched.outcome == "ok"


async def test_a_redirect_loop_is_named():
    fetched, server = await fetch_from(response(status=b"302 Found", headers=[b"Location: /feed"]))
    assert fetched.outcome == "failed"
    assert "circle" in fetched.cause
    assert len(server.heads) == 1


async def test_redirects_are_counted():
    def script(head):
        number = int(head.split(b" ")[1].strip(b"/feed") or b"0")
        return response(status=b"307 Temporary", headers=[b"Location: /feed%d" % (number + 1)])

    fetched, server = await fetch_from(script, max_redirects=3)
    assert fetched.outcome == "failed"
    assert len(server.heads) == 4


async def test_a_redirect_into_a_forbidden_network_makes_no_connection():
    async with serving(lambda _head: response(FEED), host="127.0.0.9") as inside:
        fetched, _ = await fetch_from(
            response(status=b"302 Found", headers=[f"Location: {inside.url}/secret".encode()]),
            allow_networks=("127.0.0.1/32",),
        )
    assert inside.heads == []
    assert fetched.outcome == "failed"
    assert fetched.cause == "it redirects, and 127.0.0.9 is not a public address"
    assert "allow_networks" in fetched.next_step


@pytest.mark.parametrize(
    "location", [b"ftp://example.org/feed", b"http://user:pw@127.0.0.1/", b"http://[::1", b"//"]
)
async def test_a_redirect_to_no_web_address_fails(location):
    fetched, _ = await fetch_from(response(status=b"301 Moved", headers=[b"Location: " + location]))
    assert fetched.outcome == "failed"
    assert "redirects" in fetched.cause


# ── Failures in words ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://localhost:1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://①②⑦.⓪.⓪.①/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data",
    ],
)
async def test_private_addresses_are_refused_by_every_spelling(url):
    async with fetching(allow_networks=()) as fetcher:
        fetched = await fetcher.fetch(url)
    assert fetched.outcome == "failed"
    assert fetched.cause
    assert fetched.next_step
    assert "refused" not in fetched.cause  # nobody was even asked


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "ftp://example.org/",
        "http://a:b@example.org/",
        "http://ex\nample.org/",
        "http://[::1",
    ],
)
async def test_what_is_no_web_address_is_refused_before_any_request(url):
    async with fetching() as fetcher:
        fetched = await fetcher.fetch(url)
    assert fetched.outcome == "failed"
    assert fetched.cause
    assert fetched.next_step


async def test_a_name_that_does_not_exist_is_told_as_such():
    async with fetching() as fetcher:
        fetched = await fetcher.fetch("https://news.example.invalid/feed")
    assert "news.example.invalid cannot be found (DNS)" in fetched.cause


async def test_a_refused_connection_is_told_as_such():
    async with serving(lambda _head: b"") as server:
        url = server.url
    async with fetching() as fetcher:
        fetched = await fetcher.fetch(url)
    assert "connection refused" in fetched.cause


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "closed the connection"),
        (b"SSH-2.0-Example\r\n\r\n", "not valid HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "breaks off"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", "not valid HTTP"),
        (response(FEED, headers=[b"Content-Encoding: snappy"]), "encoding nobody asked for (snappy)"),
        (response(FEED, headers=[b"Content-Encoding: gzip"]), "damaged"),
    ],
)
async def test_a_broken_answer_is_explained(answer, words):
    fetched, _ = await fetch_from(answer)
    assert fetched.outcome == "failed"
    assert words in fetched.cause
    assert fetched.next_step


@pytest.mark.parametrize(
    "status", [204, 400, 401, 402, 403, 404, 406, 410, 418, 429, 451, 500, 502, 503, 504, 599]
)
async def test_each_status_is_a_failure_with_cause_and_next_step(status):
    fetched, _ = await fetch_from(response(status=b"%d Whatever" % status, headers=[b'ETag: "x"']))
    assert (fetched.outcome, fetched.status, fetched.validators) == ("failed", status, None)
    assert f"({status})" in fetched.cause
    assert fetched.next_step


async def test_a_cloudflare_challenge_is_called_by_its_name():
    fetched, _ = await fetch_from(response(status=b"403 Forbidden", headers=[b"cf-mitigated: challenge"]))
    assert "Cloudflare" in fetched.cause


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([b"Retry-After: 120"], 120),
        ([b"Retry-After: Mon, 12 May 2031 07:30:00 GMT", b"Date: Mon, 12 May 2031 07:00:00 GMT"], 1800),
        ([b"Retry-After: Mon, 12 May 2031 06:10:00 GMT"], 600),
        ([b"Retry-After: -5"], 0),
        ([b"Retry-After: soon"], 0),
        ([b"Retry-After: 99999999"], 7 * 24 * 3600),
        ([b"Retry-After: Mon, 12 May 2031 05:00:00 GMT", b"Date: Mon, 12 May 2031 06:00:00 GMT"], 0),
    ],
)
async def test_retry_after_is_read_in_both_forms_by_the_servers_own_clock(headers, seconds):
    fetched, _ = await fetch_from(response(status=b"503 Service Unavailable", headers=headers))
    assert fetched.retry_after_s == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([b"Cache-Control: public, max-age=7200"], 7200),
        ([b"Cache-Control: s-maxage=7200"], 0),
        ([b"Cache-Control: max-age=7200", b"Age: 200"], 7000),
        ([b"Cache-Control: max-age=7200, no-cache"], 0),
        ([b"Cache-Control: max-age=999999999"], 24 * 3600),
        ([b"Expires: Mon, 12 May 2031 07:30:00 GMT", b"Date: Mon, 12 May 2031 07:00:00 GMT"], 1800),
        ([b"Expires: 0"], 0),
    ],
)
async def test_freshness_is_read_from_cache_control_or_expires(headers, seconds):
    fetched, _ = await fetch_from(response(FEED, headers=headers))
    assert fetched.fresh_for_s == seconds


# ── Manners ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_one_host_is_asked_at_most_twice_at_once():
    async def slowly(_head):
        await asyncio.sleep(0.02)
        return response(FEED)

    async with serving(slowly) as server, fetching(per_host=2) as fetcher:
        fetched = await asyncio.gather(*(fetcher.fetch(f"{server.url}/{n}") for n in range(9)))
    assert {one.outcome for one in fetched} == {"ok"}
    assert server.most_open == 2


async def test_two_loopback_addresses_are_two_hosts():
    gate = asyncio.Event()

    async def held(_head):
        await gate.wait()
        return response(FEED)

    async with (
        serving(held, host="127.0.0.3") as first,
        serving(lambda _head: response(FEED), host="127.0.0.4", port=first.port) as second,
        fetching(per_host=1) as fetcher,
    ):
        waiting = asyncio.ensure_future(fetcher.fetch(first.url))
        assert (await fetcher.fetch(second.url)).outcome == "ok"
        gate.set()
        assert (await waiting).outcome == "ok"


async def test_pages_and_feeds_of_one_host_are_spaced_in_rows_of_their_own():
    clock = StillClock()
    async with (
        serving(lambda _head: response(b"<html>")) as server,
        fetching(clock, page_spacing_seconds=3) as fetcher,
    ):
        await asyncio.gather(*(fetcher.fetch(server.url) for _ in range(2)))
        assert clock.slept == [3]
        clock.slept.clear()
        await asyncio.gather(*(fetcher.fetch(f"{server.url}/{n}", page=True) for n in range(2)))
    assert clock.slept[-1] == 3
    assert server.header("Accept").startswith(b"text/html")
