"""An OPML file is a stranger: its feeds are taken, everything else is refused or passed over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.opml import MOST_BYTES, MOST_FEEDS, export_feeds, import_feeds
from tests.store.invented import NOW


def opml(body: str, head: str = "") -> bytes:
    return f'{head}<opml version="2.0"><body>{body}</body></opml>'.encode()


def test_feeds_come_in_order_from_any_depth() -> None:
    body = """
    <outline text="Folder"><outline text="Inner">
      <outline type="rss" text="Example Times" xmlUrl="https://one.example/rss"/></outline></outline>
    <outline text="text" title="Sample &amp; Post" xmlurl=" https://two.example/atom "/>
    <outline XMLURL="http://three.example/feed"/>
    """
    assert import_feeds(opml(body)) == [
        ("Example Times", "https://one.example/rss"),
        ("Sample & Post", "https://two.example/atom"),
        ("", "http://three.example/feed"),
    ]


def test_address_counts_once_and_only_web_addresses_count() -> None:
    body = "".join(
        f'<outline text="x" xmlUrl="{url}"/>'
        for url in ("https://one.example/", "https://one.example/", "ftp://one.example", "file:///etc/passwd",
                    "javascript:alert(1)", "https://me:secret@one.example/", "https://[bad", "", "https://")
    )  # fmt: skip
    assert import_feeds(opml(body)) == [("x", "https://one.example/")]


def test_file_without_feeds_gives_none() -> None:
    assert import_feeds(opml("")) == []


BOMB = '<!DOCTYPE opml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
THIEF = '<!DOCTYPE opml [<!ENTITY steal SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("file", "cause"),
    [
        (opml('<outline text="&b;" xmlUrl="https://one.example"/>', BOMB), "document type"),
        (opml('<outline text="&steal;" xmlUrl="https://one.example"/>', THIEF), "document type"),
        (opml("", '<!DOCTYPE opml SYSTEM "http://one.example/opml.dtd">'), "document type"),
        (b"", "not well-formed"),
        (b"no xml at all", "not well-formed"),
        (b"<opml><body>", "not well-formed"),
        (b"<rss version='2.0'/>", "no OPML"),
        (b"<?xml version='1.0' encoding='klingon'?><opml/>", "encoding"),
        (b" " * (MOST_BYTES + 1), "longer than"),
        (
            opml("".join(f'<outline xmlUrl="https://x.example/{n}"/>' for n in range(MOST_FEEDS + 1))),
            "more than",
        ),
    ],
    ids=["bomb", "thief", "dtd", "empty", "text", "cut", "rss", "encoding", "long", "many"],
)
def test_other_files_are_refused_with_the_cause(file: bytes, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        import_feeds(file)


def test_latin_letters_in_an_old_encoding_are_read() -> None:
    file = "<?xml version='1.0' encoding='iso-8859-1'?><opml><outline text='Época' xmlUrl='https://x.example/'/></opml>"
    assert import_feeds(file.encode("iso-8859-1")) == [("Época", "https://x.example/")]


@given(st.binary(max_size=300) | st.text(max_size=200).map(opml))
def test_any_bytes_are_a_list_or_a_value_error(file: bytes) -> None:
    try:
        found = import_feeds(file)
    except ValueError:
        return
    assert all(url.startswith(("http://", "https://")) for _, url in found)


# ── Export ───────────────────────────────────────────────────────────────────────────────────────────────


def test_an_exported_file_is_what_other_readers_take() -> None:
    exported = export_feeds(
        [("Sample & Post", "https://two.example/atom?a=1&b=2"), ("", "http://one.example/")], now=NOW
    )
    assert exported.decode() == (
        "<?xml version='1.0' encoding='utf-8'?>\n"
        '<opml version="2.0">\n'
        "  <head>\n"
        "    <title>OnRecord: feeds</title>\n"
        "    <dateCreated>Sun, 04 May 2031 12:00:00 +0000</dateCreated>\n"
        "  </head>\n"
        "  <body>\n"
        '    <outline type="rss" text="Sample &amp; Post" title="Sample &amp; Post"'
        ' xmlUrl="https://two.example/atom?a=1&amp;b=2" />\n'
        '    <outline type="rss" text="http://one.example/" title="http://one.example/"'
        ' xmlUrl="http://one.example/" />\n'
        "  </body>\n"
        "</opml>\n"
    )


@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=60), st.text("abc/?&=<>\"'éї%20", max_size=40)), max_size=20
    )
)
def test_what_is_exported_is_imported_again(feeds: list[tuple[str, str]]) -> None:
    wanted = {f"https://example.org/{number}{path}": title for number, (title, path) in enumerate(feeds)}
    found = import_feeds(export_feeds([(title, url) for url, title in wanted.items()], now=NOW))
    assert [url for _, url in found] == [" ".join(url.split()) for url in wanted]
    for title, url in found:
        letters = [letter for letter in title if not letter.isspace()]
        assert (
            letters == [letter for letter in wanted[url] if letter in letters and not letter.isspace()]
            or title == url
        )


def test_an_empty_list_is_an_opml_file_too() -> None:
    assert import_feeds(export_feeds([], now=NOW)) == []
