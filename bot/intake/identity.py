"""What makes an entry the same when it comes again, and in which order entries come. Pure.

What follows from it, which entry is new, stands in ``newness`` (docs/feed-rules.md, "Which entry is new").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from urllib.parse import urlsplit, urlunsplit

from bot.model import EntryData, EntryKeys, NewEntry

KEY_BYTES = 16
_TEXT_IN_KEY = 500

_TRACKING_PREFIXES = (
    "utm_",
    "mtm_",
    "itm_",
    "hmb_",
    "pk_",
    "piwik_",
    "fb_",
    "__hs",
    "_hs",
    "at_",
    "ns_",
    "stm_",
)
_TRACKING = frozenset(
    """_bhlid _branch_match_id _branch_referrer _ga _gl _openstat __readwiselocation __twitter_impression
    aff_id campaign_id cmp cmpid dclid fbclid ftag gaa_at gbraid gclid gclsrc guccounter guce_referrer
    guce_referrer_sig hsctatracking icid igsh igshid ito mbid mc_cid mc_eid mc_tc mkt_tok mod msclkid ncid ocid
    oly_anon_id oly_enc_id rb_clickid ref_src rss s_cid sc_cid smid smtyp sr_share srnd srsltid traffic_source
    twclid vero_conv vero_id wbraid wickedid wt_mc wt_zmc xtor yclid ysclid""".split()  # noqa: SIM905 - a table of words
)
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_DEFAULT_PORTS = (None, 80, 443)
_FRONT_PAGE = re.compile(r"https://[^/?]*")


def canonical_link(url: str) -> str:
    """Return one form for the many addresses of a page: for comparing, never for fetching.

    Scheme, ``www.``, trailing slashes, fragment, default port and tracking parameters make no difference; the
    order of the other parameters does. What is no http(s) address comes back as it is, without white space.
    """
    url = "".join(url.split())
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return url
    if parts.scheme not in ("http", "https") or not host:
        return url
    while host.startswith("www.") and host.count(".") > 1:
        host = host.removeprefix("www.")
    host = f"[{host}]" if ":" in host else host
    place = host if port in _DEFAULT_PORTS else f"{host}:{port}"
    query = "&".join(part for part in parts.query.split("&") if part and not _is_tracking(part))
    canonical = urlunsplit(("https", place, parts.path.rstrip("/"), query, ""))
    return _ESCAPE.sub(lambda match: match[0].upper(), canonical)


def keys(entry: EntryData, *, link_names: bool = True) -> EntryKeys:
    """What makes the entry the same one when it comes again, by which other names it may come, and what tells edits.

    The key is made from the guid, else the canonical link, else title and the first 500 characters of text (I1,
    I13); without ``link_names``, the link is left out of it. A site's front page names no entry. White space alone
    is no edit.
    """
    link = canonical_link(entry.link) if entry.link else ""
    link = "" if _FRONT_PAGE.fullmatch(link) else link
    guid = unicodedata.normalize("NFC", entry.guid).strip()
    title = _even(entry.title)
    if guid:
        key = _hash("guid", guid)
    elif link and link_names:
        key = _hash("link", link)
    else:
        key = _hash("text", title, _even(entry.text or entry.summary)[:_TEXT_IN_KEY])
    path = _path(guid)
    return EntryKeys(
        key=key,
        link_key=_hash("link", link) if link else None,
        content_hash=_hash("content", title, _even(entry.summary), _even(entry.text)),
        guid_key=_hash("guid path", path) if path else None,
        title_key=_hash("title", title.casefold()) if title else None,
    )


def owed_on_first_fetch(entries: Sequence[NewEntry], newest: int) -> tuple[NewEntry, ...]:
    """Mark all but the ``newest`` entries (given oldest first) as owed to nobody (I5)."""
    silent = max(len(entries) - max(newest, 0), 0)
    return tuple(replace(entry, owed=False) if at < silent else entry for at, entry in enumerate(entries))


def oldest_first(entries: Sequence[NewEntry]) -> tuple[NewEntry, ...]:
    """Order by date (I9); an undated entry stands with the one above it, and ties fall as if newest were on top."""
    dates: list[datetime | None] = []
    for entry in entries:
        date = entry.data.published_at or entry.data.updated_at
        dates.append(date or (dates[-1] if dates else None))
    first = next((date for date in dates if date), None)
    if first is None:
        return tuple(sorted(entries, key=lambda entry: -entry.position))
    dated = [(date or first, -entry.position, entry) for date, entry in zip(dates, entries, strict=True)]
    return tuple(entry for _date, _position, entry in sorted(dated, key=lambda item: item[:2]))


def _path(guid: str) -> str:
    """What remains of a guid that is a web address without scheme and host; empty for any other."""
    canonical = canonical_link(guid) if guid.startswith(("http://", "https://")) else ""
    return canonical[front.end() :] if (front := _FRONT_PAGE.match(canonical)) else ""


def _is_tracking(parameter: str) -> bool:
    name = parameter.partition("=")[0].lower()
    return name in _TRACKING or name.startswith(_TRACKING_PREFIXES)


def _even(text: str) -> str:
    return " ".join(text.split())


def _hash(*parts: str) -> bytes:
    """Of parts that cannot run into each other; lone surrogates hash like anything else."""
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()
