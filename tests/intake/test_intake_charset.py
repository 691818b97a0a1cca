"""Bytes → text: labels lie, and mojibake is worse than no label."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.charset import decode

CYRILLIC = "Вигаданий міністр повідомив журналістам, що розмови триватимуть у середу. "
RUSSIAN = "Вымышленный министр сообщил журналистам, что разговоры продолжатся в среду. "
GERMAN = "Die erfundene Ministerin erklärte, die Gespräche würden fortgeführt: „später“. "
POLISH = "Zmyślony minister powiedział, że rozmowy będą trwały w środę, a źródła milczą. "


def doc(text, encoding, label=None):
    head = f"<?xml version='1.0' encoding='{label}'?>" if label else ""
    return (head + f"<rss>{text}</rss>").encode(encoding)


@pytest.mark.parametrize(
    ("text", "encoding", "label", "content_type"),
    [
        (CYRILLIC, "utf-8", None, ""),
        (CYRILLIC, "utf-8", "windows-1251", ""),
        (CYRILLIC, "utf-8", None, "text/xml; charset=ISO-8859-1"),
        (CYRILLIC, "utf-8-sig", "koi8-u", "text/xml; charset=koi8-u"),
        (CYRILLIC, "utf-16", "utf-16", ""),
        (CYRILLIC, "utf-16-le", "utf-16", ""),
        (CYRILLIC, "cp1251", "windows-1251", ""),
        (CYRILLIC, "cp1251", None, 'text/xml; charset="windows-1251"'),
        (CYRILLIC, "koi8-u", "utf-8", "text/xml; charset=koi8-u"),
        (GERMAN, "cp1252", "iso-8859-1", ""),
        (GERMAN, "cp1252", "utf-8", ""),
        (GERMAN, "cp1252", None, ""),
        (RUSSIAN * 3, "cp1251", None, ""),
        (POLISH, "iso8859-2", "iso-8859-2", ""),
        ("大臣は会談が続くと述べた。", "shift_jis", "Shift_JIS", ""),
        ("大臣は会談が続くと述べた。", "iso2022-jp", "ISO-2022-JP", ""),
    ],
)
def test_text_is_read_as_written_whatever_the_labels_say(text, encoding, label, content_type):
    assert text in decode(doc(text, encoding, label), content_type)


def test_windows_bytes_pasted_into_utf8_are_read_for_what_they_are():
    body = doc(CYRILLIC * 5, "utf-8").replace(b"</rss>", b"It\x92s \x93quoted\x94</rss>")
    assert "It’s “quoted”</rss>" in decode(body)


def test_a_web_page_names_its_charset_in_a_meta_tag():
    page = f"<html><head><meta charset=windows-1251></head><p>{CYRILLIC}".encode("cp1251")
    assert CYRILLIC in decode(page, "text/html")


@pytest.mark.parametrize("label", ["rot13", "zip", "hex", "idna", "no-such-charset", "x" * 39])
def test_a_label_that_is_no_charset_is_passed_over(label):
    assert GERMAN in decode(doc(GERMAN, "cp1252", label))


@given(
    st.binary(max_size=400),
    st.sampled_from(["", "text/xml; charset=utf-16", "text/xml; charset=hz", "charset=x"]),
)
def test_decoding_never_fails(body, content_type):
    decode(body, content_type)
