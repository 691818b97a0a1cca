"""HTML page → the feeds it names, and no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.autodiscovery import MOST, find

URL = "https://wire.example/news/"


def page(*links, head=""):
    return f"<!DOCTYPE html><html><head>{head}{''.join(links)}</head><body><p>x</p></body></html>".encode()


def link(href, kind="application/rss+xml", rel="alternate", title=""):
    return f'<link rel="{rel}" type="{kind}" href="{href}" title="{title}">'


@pytest.mark.parametrize(
    "kind",
    [
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/json",
        "Application/RSS+XML; charset=utf-8",
    ],
)
def test_a_page_names_its_feeds_by_alternate_links(kind):
    assert find(page(link("rss.xml", kind, title="All &amp; more")), url=URL) == (
        ("https://wire.example/news/rss.xml", "All & more"),
    )


@pytest.mark.parametrize(
    "other",
    [
        link("page.html", "text/html"),
        link("rss.xml", rel="stylesheet"),
        link("https://wire.example/wp-json/wp/v2/pages/7", "application/json"),
        link("javascript:alert(1)"),
        link("http://[::1"),
        link("feed.xml", ""),
        '<link rel="icon" href="/favicon.ico">',
        '<a href="/rss.xml">RSS</a>',
        '<link rel="alternate" hreflang="uk" href="/uk/">',
    ],
)
def test_other_links_are_no_feeds_and_no_address_is_guessed(other):
    assert find(page(other), url=URL) == ()


def test_links_are_found_wherever_they_stand_and_each_address_once():
    body = page(link("/a.xml"), link("/a.xml")) + link("/b.xml", rel="Home ALTERNATE").encode()
    assert [address for address, _ in find(body, url=URL)] == [
        "https://wire.example/a.xml",
        "https://wire.example/b.xml",
    ]


def test_a_base_element_holds_for_the_links():
    assert find(page(link("rss.xml"), head='<base href="https://cdn.example/x/">'), url=URL) == (
        ("https://cdn.example/x/rss.xml", ""),
    )


def test_feeds_of_comments_are_named_only_where_there_is_no_other():
    news, comments = link("/feed/"), link("/comments/feed/", title="Comments")
    assert [address for address, _ in find(page(comments, news), url=URL)] == ["https://wire.example/feed/"]
    assert len(find(page(comments), url=URL)) == 1


def test_wordpress_without_a_feed_is_read_by_the_interface_it_names():
    api = '<link rel="https://api.w.org/" href="https://wire.example/wp-json/">'
    assert find(page(api), url=URL) == (("https://wire.example/wp-json/wp/v2/posts", ""),)
    assert find(page(api, link("/feed/")), url=URL) == (("https://wire.example/feed/", ""),)
    assert find(page(api.replace("/wp-json/", "/?rest_route=/")), url=URL) == ()


def test_a_page_that_names_hundreds_is_cut():
    assert len(find(page(*(link(f"/{n}.xml") for n in range(300))), url=URL)) == MOST


@pytest.mark.parametrize(
    "body", [b"", b" ", b"\x89PNG\r\n\x1a\n", b"plain words", b"<?xml version='1.0'?><catalog/>", b"{}"]
)
def test_what_is_no_page_names_none(body):
    assert find(body, url=URL) == ()


@given(
    st.binary(max_size=300) | st.text("<link rel='alternate' href=type>/\0\x0b", max_size=200).map(str.encode)
)
def test_any_bytes_name_addresses_or_nothing(body):
    assert all(address.startswith(("http://", "https://")) for address, _ in find(body, url=URL))
