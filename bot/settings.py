"""What may be configured: one TOML file, checked whole, and secrets from the environment.

A misspelt key, a wrong type or a value out of range is refused with its place and a suggestion. Nothing is
read when this module is imported.
"""

from __future__ import annotations

import difflib
import ipaddress
import tomllib
import typing
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

ENVIRONMENT_NAMES = ("DISCORD_TOKEN", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")

_COPIES_DAYS = 7
_SHOWN_CHARS = 60
"""How much of a wrong value an error repeats."""


class SettingsError(Exception):
    """The configuration cannot be used; the message names the file, each key, and what to do."""


def _zone(name: str) -> str:
    if name not in available_timezones():
        near = difflib.get_close_matches(name, available_timezones(), n=1)
        raise ValueError(f"unknown time zone {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    return name


def _network(text: str) -> str:
    return str(ipaddress.ip_network(text))


Zone = Annotated[str, AfterValidator(_zone)]
Network = Annotated[str, AfterValidator(_network)]
UserId = Annotated[int, Field(ge=1 << 22, lt=1 << 63, strict=False)]
"""Discord's id of a person; in quotation marks, as it is copied there, it is the same."""


class _Section(BaseModel):
    # Strict: TOML has types, so "8080" where a number belongs is a mistake to be told about.
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, strict=True)


class Database(_Section):
    """Where everything is kept."""

    path: Path = Field(Path("onrecord.db"), strict=False)
    """The SQLite file, on a local disk; relative paths start at the working directory."""


class Polling(_Section):
    """How feeds are polled."""

    interval_minutes: int = Field(15, ge=1, le=24 * 60)
    """Where a feed's own pace is not known, or not followed."""
    adaptive: bool = True
    """Ask each feed about as often as it publishes."""
    fastest_minutes: int = Field(5, ge=1, le=24 * 60)
    slowest_minutes: int = Field(60, ge=1, le=24 * 60)
    """An adaptive feed is asked at least so often, however rarely it publishes: what it has to say may be news."""
    connections: int = Field(1000, ge=1, le=10_000)
    """Feeds whose servers may be waited for at the same time: slow ones must not hold up the others."""
    concurrency: int = Field(20, ge=1, le=200)
    """Feeds with large documents that are taken in and parsed at the same time."""
    first_fetch_owed: int = Field(0, ge=0, le=50)
    """How many of the newest entries of a newly added feed are owed to channels; the rest are only stored."""
    max_entries: int = Field(1000, ge=10, le=10_000)


class Fetching(_Section):
    """How we behave on the network."""

    user_agent: str = Field("OnRecord/0.1", min_length=3, max_length=200)
    """Name yourself: an address where a publisher can reach you belongs in here."""
    timeout_seconds: float = Field(20, gt=0, le=120)
    max_feed_bytes: int = Field(10_000_000, ge=10_000, le=100_000_000)
    max_page_bytes: int = Field(5_000_000, ge=10_000, le=100_000_000)
    max_redirects: int = Field(5, ge=0, le=10)
    per_host: int = Field(2, ge=1, le=10)
    """Connections to one host at once."""
    page_spacing_seconds: float = Field(1.0, ge=0, le=60)
    """Pause between two article pages of one host, and between two of its feeds."""
    pages: bool = True
    """Fetch article pages; if not, an entry's own text or title and summary are read."""
    allow_networks: tuple[Network, ...] = Field((), strict=False)
    """Private networks that feeds may lie in, e.g. ``192.168.1.0/24``; by default only public addresses."""


class Reading(_Section):
    """How articles are read."""

    workers: int = Field(1, ge=1, le=16)
    parse_workers: int = Field(1, ge=1, le=16)
    deadline_seconds: float = Field(60, gt=0, le=600)
    """A worker that needs longer for one job is killed and replaced."""
    parse_deadline_seconds: float = Field(20, gt=0, le=600)
    max_chars: int = Field(100_000, ge=1_000, le=1_000_000)
    """What lies beyond is stored but not read."""
    recycle_after: int = Field(2_000, ge=10)
    """A worker process is replaced after so many jobs."""
    recycle_megabytes: int = Field(800, ge=600, le=1_000_000)
    """A worker process that occupies more memory after a job is replaced; with its models it needs some 450."""
    spacy_model: str = "auto"
    """Name of an installed spaCy pipeline; ``auto`` takes the best English one that loads."""
    experimental_languages: tuple[Literal["uk", "ru"], ...] = Field((), strict=False)
    """Languages beside English whose statements are looked for as an experiment."""


class Digests(_Section):
    """How digests look."""

    stories: int = Field(5, ge=1, le=20)
    statements: int = Field(12, ge=1, le=50)
    style: Literal["who-said-what", "brief"] = "who-said-what"
    period_hours: int = Field(24, ge=1, le=24 * 31)
    """What ``digest`` covers when no period is named."""
    post_empty: bool = False
    """Post a scheduled digest that has nothing new."""


class Sending(_Section):
    """How what is owed is sent."""

    burst: int = Field(5, ge=1, le=100)
    """Messages that one channel may get at once."""
    pause_seconds: float = Field(1.0, ge=0, le=60)
    """After that, one more for each of these."""
    merge_after_minutes: int = Field(60, ge=0, le=7 * 24 * 60)
    """A digest that could not be sent for so long is taken in by its subscription's next one; 0: never."""
    most_waiting: int = Field(10, ge=1, le=1000)
    """With so many messages waiting for one channel, a new digest takes in the unsent ones at once."""
    operator_channel: str = Field("terminal:main", pattern=r"^[a-z]+:\S+$", max_length=200)
    """Where the operator is told of what nobody else owns, e.g. a feed that fails."""


def _never_or_after_a_week(days: int) -> int:
    if 0 < days <= _COPIES_DAYS:
        raise ValueError(
            f"copies are looked for among the texts of {_COPIES_DAYS} days: give 0 or a longer time"
        )
    return days


class Retention(_Section):
    """How long things are kept; 0 keeps them for ever. Statements and the keys of entries are always kept."""

    text_days: Annotated[int, AfterValidator(_never_or_after_a_week)] = Field(180, ge=0, le=36_500)
    """Texts and summaries of articles, from when they were first seen."""
    digests_days: int = Field(90, ge=0, le=36_500)
    """Messages that were sent, or given up."""


class Service(_Section):
    """Health and metrics over HTTP."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    """0 takes any free port."""
    enabled: bool = True


class Discord(_Section):
    """How we behave on Discord; the bot's token comes from the environment."""

    operators: tuple[UserId, ...] = Field((), strict=False)
    """Who may change the feeds, which are everybody's, beside the owner or the team of Discord's application."""
    feeds_by_admins: bool = False
    """Whoever administers a server may change the feeds, too: for a bot that serves one newsroom."""
    shards: int = Field(1, ge=0, le=1000)
    """Connections to the gateway, one for 2,500 servers at most; 0: as many as Discord recommends."""
    publish: bool = True
    """Publish digests posted to announcement channels to the servers that follow them."""
    welcome: bool = True
    """Say hello, once, in a server that has added the bot."""
    keep_days: int = Field(30, ge=0, le=36_500)
    """How long a server's channels, subscriptions and follow-ups are kept after the bot was removed from it."""


class Settings(_Section):
    """The whole configuration."""

    timezone: Zone = "UTC"
    language: Literal["en", "uk"] = "en"
    """Of the bot's own words; articles are shown as printed."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    tick_seconds: float = Field(5, gt=0, le=60)
    """How often "what is due?" is asked."""
    database: Database = Database()
    polling: Polling = Polling()
    fetching: Fetching = Fetching()
    reading: Reading = Reading()
    digests: Digests = Digests()
    delivery: Sending = Sending()
    retention: Retention = Retention()
    service: Service = Service()
    discord: Discord = Discord()

    @property
    def zone(self) -> ZoneInfo:
        """The default time zone as an object."""
        return ZoneInfo(self.timezone)


class Secrets(BaseSettings):
    """What only the environment may hold."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    discord_token: SecretStr | None = None
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    discord_api_base: str = ""
    """Another server to talk to than Discord's, for tests: the REST API with its version, e.g. ``http://host/api/v10``."""
    discord_gateway_url: str = ""
    """The gateway of that server, e.g. ``ws://host/gateway``."""
    discord_cdn_base: str = ""


def load_settings(path: Path | None) -> Settings:
    """Read and check a TOML file (defaults when None); raise ``SettingsError`` naming every wrong key."""
    if path is None:
        return Settings()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path}: cannot be read ({error}). Give a UTF-8 TOML file, e.g. a copy of config.example.toml."
        ) from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}.") from error
    try:
        return Settings(**values)
    except ValidationError as error:
        problems = "\n".join(f"  {_explain(problem)}" for problem in error.errors())
        raise SettingsError(f"{path} cannot be used:\n{problems}") from error


def _explain(problem: typing.Any) -> str:  # noqa: ANN401 - pydantic's own ErrorDetails has no public fields
    place = tuple(str(part) for part in problem["loc"])
    key = ".".join(place)
    if _names_a_secret(place[-1], problem["input"]):
        names = ", ".join(ENVIRONMENT_NAMES)
        return f"{key}: secrets are never read from this file; set them in the environment ({names})."
    if problem["type"] == "model_type":
        return f"{key}: is a table; write its keys under a line [{key}]."
    if problem["type"] != "extra_forbidden":
        return f"{key}: {problem['msg']} (given: {_shortened(problem['input'])})"
    near = difflib.get_close_matches(key, _known_keys(), n=1, cutoff=0.7) or [
        known for known in _known_keys() if known.rpartition(".")[2] == place[-1]
    ]
    return f"{key}: unknown key" + (f"; did you mean {near[0]}?" if near else ".")


def _names_a_secret(key: str, value: object) -> bool:
    """Tell whether a key is called like a secret, or is a table with such a key in it."""
    if isinstance(value, dict):
        return any(_names_a_secret(str(inner), inside) for inner, inside in value.items())
    return key.lower().endswith(("token", "secret", "password"))


def _shortened(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN_CHARS else shown[:_SHOWN_CHARS] + "…"


def _known_keys(model: type[BaseModel] | None = None, prefix: str = "") -> list[str]:
    """Every key and table that may stand in the file, dotted."""
    keys = []
    for name, field in (model or Settings).model_fields.items():
        keys.append(prefix + name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys += _known_keys(field.annotation, f"{prefix}{name}.")
    return keys
