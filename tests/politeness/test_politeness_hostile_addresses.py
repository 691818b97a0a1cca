"""Addresses that lead inside, in every spelling: each is refused with a plain reason, and nobody is asked.

docs/feed-rules.md, "Safety". What a feed's address, a redirect, a page or DNS may say comes from strangers.
"""

import ipaddress

import pytest

from tests.politeness.polite import Clock, answer, feed, network, reader, resolve, rss, site, sites

INSIDE = "is not a public address"
NUMBER = "as a number in an unusual form"
NAME = "characters that no name has"
SIGNS = "spaces, control characters or backslashes"
USER = "a user name or password"
SCHEME = "does not begin with http:// or https://"
NO_HOST = "names no host"
PORT = "is not used (only 80, 443, 8080 and 8443 are)"
UNCLEAR = "cannot be understood"

PUBLIC = "127.7.0.0/16"
"""The network of the scripted sites: it plays the public one."""

HOSTILE = [
    # loopback, plain and short
    ("http://127.0.0.1/", INSIDE),
    ("https://127.0.0.1/", INSIDE),
    ("http://127.0.0.1:8080/", INSIDE),
    ("http://127.255.255.254/", INSIDE),
    ("http://0.0.0.0/", INSIDE),
    ("http://localhost/", INSIDE),
    ("http://LOCALHOST/", INSIDE),
    ("http://127.1/", NUMBER),
    ("http://127.0.1/", NUMBER),
    ("http://0/", NUMBER),
    ("http://127.0.0.1./", NUMBER),
    # decimal, octal, hexadecimal
    ("http://2130706433/", NUMBER),
    ("http://017700000001/", NUMBER),
    ("http://0177.0.0.1/", NUMBER),
    ("http://127.0.0.01/", NUMBER),
    ("http://0x7f000001/", NUMBER),
    ("http://0x7F.0.0.1/", NUMBER),
    ("http://0x7f.1/", NUMBER),
    ("http://0x/", NUMBER),
    ("http://3232235777/", NUMBER),
    ("http://0300.0250.0001.0001/", NUMBER),
    ("http://192.168.257/", NUMBER),
    ("http://2852039166/latest/meta-data/", NUMBER),
    ("http://0251.0376.0251.0376/", NUMBER),
    ("http://0xA9.0xFE.0xA9.0xFE/", NUMBER),
    ("http://256.256.256.256.1/", NUMBER),
    # private and special networks
    ("http://10.0.0.1/", INSIDE),
    ("http://172.16.0.1/", INSIDE),
    ("http://192.168.0.1/", INSIDE),
    ("http://169.254.169.254/latest/meta-data/", INSIDE),
    ("http://100.64.0.1/", INSIDE),
    ("http://100.100.100.200/", INSIDE),
    ("http://192.0.0.192/", INSIDE),
    ("http://192.88.99.1/", INSIDE),
    ("http://198.18.0.1/", INSIDE),
    ("http://224.0.0.1/", INSIDE),
    ("http://240.0.0.1/", INSIDE),
    ("http://255.255.255.255/", INSIDE),
    # IPv6: loopback, mapped, compatible, local, tunnels, translators, reserved
    ("http://[::1]/", INSIDE),
    ("http://[::]/", INSIDE),
    ("http://[0:0:0:0:0:ffff:127.0.0.1]/", INSIDE),
    ("http://[::ffff:7f00:1]/", INSIDE),
    ("http://[::ffff:a9fe:a9fe]/", INSIDE),
    ("http://[::127.0.0.1]/", INSIDE),
    ("http://[64:ff9b::127.0.0.1]/", INSIDE),
    ("http://[64:ff9b:1::1]/", INSIDE),
    ("http://[2002:7f00:1::]/", INSIDE),
    ("http://[2002:c0a8:101::1]/", INSIDE),
    ("http://[2001:0:1::1]/", INSIDE),
    ("http://[fe80::1]/", INSIDE),
    ("http://[fe80::1%25eth0]/", INSIDE),
    ("http://[fec0::1]/", INSIDE),
    ("http://[fd00:ec2::254]/", INSIDE),
    ("http://[ff02::1]/", INSIDE),
    ("http://[100::1]/", INSIDE),
    ("http://[2001:db8::1]/", INSIDE),
    ("http://[3fff::1]/", INSIDE),
    ("http://[5f00::1]/", INSIDE),
    ("http://[::1", UNCLEAR),
    ("http://[::1]]/", UNCLEAR),
    # letters and digits of other scripts
    ("http://①②⑦.⓪.⓪.①/", INSIDE),
    ("http://１２７.０.０.１/", INSIDE),
    ("http://127。0。0。1/", INSIDE),
    ("http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", INSIDE),
    # user names, and what two readers read differently
    ("http://user@127.0.0.1/", USER),
    ("http://user:secret@wire.example/", USER),
    ("http://127.0.0.1@wire.example/", USER),
    ("http://wire.example@127.0.0.1/", USER),
    ("http://wire.example:80@127.0.0.1/", USER),
    ("http://8.8.8.8&@127.0.0.1/", USER),
    ("http://127.0.0.1\\@wire.example/", SIGNS),
    ("http://wire.example\\@127.0.0.1/", SIGNS),
    ("http://127.0.0.1#@wire.example/", INSIDE),
    ("http://127.0.0.1?@wire.example/", INSIDE),
    ("http://%31%32%37.0.0.1/", NAME),
    ("http://127.0.0.1%00.wire.example/", NAME),
    ("http://127.0.0.1%2f.wire.example/", NAME),
    ("http://127.0.0.1,wire.example/", NAME),
    # signs that some readers drop
    ("http://127.0.0.1\t/", SIGNS),
    ("http://wire.example/\r\nHost: inside", SIGNS),
    (" http://127.0.0.1/", SIGNS),
    ("http://wire .example/", SIGNS),
    ("http://127.0.0.1\x00.wire.example/", SIGNS),
    ("http://wire.example/\x85", SIGNS),
    # ports
    ("http://8.8.8.8:22/", PORT),
    ("http://8.8.8.8:25/", PORT),
    ("http://8.8.8.8:6379/", PORT),
    ("http://8.8.8.8:11211/", PORT),
    ("http://8.8.8.8:0/", NO_HOST),
    ("http://8.8.8.8:99999/", UNCLEAR),
    # no web address at all
    ("http:///127.0.0.1/", NO_HOST),
    ("http:127.0.0.1/", NO_HOST),
    ("//127.0.0.1/", SCHEME),
    ("file:///etc/passwd", SCHEME),
    ("ftp://127.0.0.1/", SCHEME),
    ("gopher://127.0.0.1:6379/_INFO", SCHEME),
    ("dict://127.0.0.1:11211/", SCHEME),
    ("data:text/xml,<rss/>", SCHEME),
]


@pytest.fixture
async def fetcher():
    """A network without an allow list."""
    async with network(Clock()) as made:
        resolve(made, localhost="127.0.0.1 ::1")
        yield made


def refused(fetched, words):
    assert fetched.outcome == "failed"
    assert words in fetched.cause
    assert "secret" not in fetched.cause
    assert fetched.next_step
    assert fetched.definite
    assert fetched.status is None


@pytest.mark.parametrize(("url", "words"), HOSTILE)
@pytest.mark.parametrize("page", [False, True], ids=["feed", "page"])
async def test_an_address_that_leads_inside_is_refused_in_plain_words(fetcher, url, words, page):
    refused(await fetcher.fetch(url, page=page), words)


def test_the_table_is_long_enough():
    assert len({url for url, _ in HOSTILE}) == len(HOSTILE) >= 60


REDIRECTS = [
    (url, words) for url, words in HOSTILE if words in (INSIDE, NUMBER, USER, PORT) and url.isascii()
]


@pytest.mark.parametrize(("url", "words"), REDIRECTS)
async def test_a_redirect_that_leads_inside_is_refused_too(url, words):
    clock = Clock()
    async with site(clock) as outside, network(clock, PUBLIC) as fetcher:
        resolve(fetcher, localhost="10.0.0.1")
        url = url.replace("127.0.0.1", "127.6.0.1").replace("127.255", "127.6")
        outside.answers["/feed"] = answer(status="301 Moved Permanently", headers=[f"Location: {url}"])
        fetched = await fetcher.fetch(outside.url + "/feed")
        assert fetched.outcome == "failed"
        assert "redirect" in fetched.cause
        assert fetched.next_step
        assert fetched.definite
        assert len(outside.log) == 1


@pytest.mark.parametrize(
    "addresses",
    [
        "10.0.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "::1",
        "::ffff:10.0.0.1",
        "fd00::1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "8.8.8.8 10.0.0.1",
        "10.0.0.1 8.8.8.8",
        "2606:4700::1111 ::1",
        "8.8.8.8 8.8.4.4 192.168.1.1",
    ],
)
@pytest.mark.parametrize("way", ["feed", "page", "redirect"])
async def test_a_name_that_resolves_inside_even_in_part_is_refused_as_a_whole(addresses, way):
    clock = Clock()
    async with site(clock) as outside, network(clock, PUBLIC) as fetcher:
        resolve(fetcher, rebinding__example=addresses)
        to = "http://rebinding.example/secret"
        outside.answers |= {"/go": answer(status="302 Found", headers=[f"Location: {to}"])}
        url = f"{outside.url}/go" if way == "redirect" else to
        fetched = await fetcher.fetch(url, page=way == "page")
        assert fetched.outcome == "failed"
        assert INSIDE in fetched.cause
        assert fetched.definite


async def test_robots_txt_leads_nobody_inside_either():
    clock = Clock()
    async with (
        site(clock) as outside,
        site(clock, host="127.6.0.9") as inside,
        network(clock, PUBLIC) as fetcher,
    ):
        to = f"Location: {inside.url}/secret"
        outside.answers |= {"/robots.txt": answer(status="302 Found", headers=[to]), "/a": answer("<p>page")}
        assert (await fetcher.fetch(f"{outside.url}/a", page=True)).outcome == "ok"
        assert inside.log == []


async def test_a_name_that_changes_its_address_between_two_polls_is_caught_at_the_second():
    clock = Clock()
    async with sites(clock, 2) as (outside, inside), reader(clock, fetching={"allow_networks": ()}) as bot:
        bot.fetcher._guard._networks.append(ipaddress.ip_network(outside.host))
        outside.answers["/feed"] = inside.answers["/feed"] = feed(rss("a"))
        bot.resolve(wire__example=outside.host)
        row = await bot.follow(f"http://wire.example:{outside.port}/feed")
        assert await bot.poll() == {row.id: "new"}
        bot.fetcher._session.connector.clear_dns_cache()
        bot.resolve(wire__example=inside.host)
        assert await bot.poll_now() == "failed"
        assert INSIDE in (await bot.row()).trouble.cause
        assert inside.log == []


async def test_an_operators_allow_list_lets_a_feed_of_the_own_network_through():
    clock = Clock()
    async with site(clock) as lan:
        lan.answers["/feed"] = feed(rss("a"))
        for networks, outcome in (
            ((), "failed"),
            (("192.168.1.0/24",), "failed"),
            ((f"{lan.host}/32",), "new"),
        ):
            async with reader(clock, fetching={"allow_networks": networks}) as bot:
                bot.resolve(nas__lan=lan.host)
                await bot.follow(f"{lan.url}/feed")
                await bot.follow(f"http://nas.lan:{lan.port}/feed")
                assert set((await bot.poll()).values()) == {outcome}
        assert len(lan.log) == 2
