"""A web address as people type it → checked, or refused with a reason. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from bot.commands.requests import BadRequest
from bot.knowledge.words import Words


def web_address(given: str, words: Words) -> str:
    """Return a checked http(s) address, ``https`` where no scheme is given; raise ``BadRequest`` for others."""
    address = given.strip("<>")
    if "://" not in address:
        address = f"https://{address}"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if parts.scheme.casefold() not in ("http", "https") or not host or not _plain_host(host):
        raise BadRequest(words("command.error.url", given=given), examples=("https://news.example/rss.xml",))
    if parts.username is not None or parts.password is not None:
        # Addresses are stored, listed and logged: no place for a password.
        raise BadRequest(words("command.error.url_secret"))
    return address


def _plain_host(host: str) -> bool:
    return ":" in host or "." in host or host == "localhost"
