"""The configuration: complete in its example, checked whole, and plain about what is wrong."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.settings import Secrets, Settings, SettingsError, load_settings

EXAMPLE = Path(__file__).parents[1] / "config.example.toml"
SWITCHED_OFF = re.compile(r"^#(\w+ = )", re.MULTILINE)


def keys(model: type[BaseModel], prefix: str = "") -> set[str]:
    """Every key of the settings model, dotted."""
    found = set()
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= keys(field.annotation, f"{prefix}{name}.")
        else:
            found.add(prefix + name)
    return found


def written(values: dict, prefix: str = "") -> set[str]:
    """Every key of a parsed TOML file, dotted."""
    found = set()
    for name, value in values.items():
        found |= written(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name}
    return found


def load(tmp_path: Path, text: str | bytes) -> Settings:
    path = tmp_path / "onrecord.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_settings(path)


def refusal(tmp_path: Path, text: str | bytes) -> str:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert str(tmp_path / "onrecord.toml") in str(caught.value), "the message names the file"
    return str(caught.value)


# ── The example ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_example_as_it_stands_is_the_defaults():
    assert load_settings(EXAMPLE) == Settings()


def test_the_example_with_every_key_switched_on_is_the_defaults(tmp_path):
    assert load(tmp_path, SWITCHED_OFF.sub(r"\1", EXAMPLE.read_text())) == Settings()


def test_the_example_has_every_key_and_no_other():
    values = tomllib.loads(SWITCHED_OFF.sub(r"\1", EXAMPLE.read_text()))
    assert written(values) == keys(Settings)


def test_every_key_of_the_example_stands_under_words_about_it():
    for block in EXAMPLE.read_text().split("\n\n"):
        if SWITCHED_OFF.search(block):
            assert block.strip().startswith("# "), block


def test_every_default_lies_in_its_own_bounds():
    assert Settings.model_validate(Settings().model_dump()) == Settings()


def test_no_file_means_the_defaults():
    assert load_settings(None) == Settings()


# ── What is refused ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time_zone = 'UTC'", "time_zone: unknown key; did you mean timezone?"),
        (
            "[polling]\nintervall_minutes = 5",
            "polling.intervall_minutes: unknown key; did you mean polling.interval",
        ),
        ("interval_minutes = 5", "interval_minutes: unknown key; did you mean polling.interval_minutes?"),
        ("[service]\ntick_seconds = 5", "service.tick_seconds: unknown key; did you mean tick_seconds?"),
        ("[databse]\npath = 'a.db'", "databse: unknown key; did you mean database?"),
        ("zzzz = 1", "zzzz: unknown key."),
    ],
)
def test_an_unknown_key_is_refused_with_a_suggestion(tmp_path, text, words):
    assert words in refusal(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        'discord_token = "hush-hush"',
        'SLACK_BOT_TOKEN = "hush-hush"',
        '[discord]\ntoken = "hush-hush"',
        '[service]\npassword = "hush-hush"',
        '[slack.app]\nsigning_secret = "hush-hush"',
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path, text):
    words = refusal(tmp_path, text)
    assert "secrets are never read from this file; set them in the environment" in words
    assert "hush" not in words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[service]\nport = "8080"', "service.port: Input should be a valid integer (given: '8080')"),
        ("[service]\nport = true", "service.port: Input should be a valid integer (given: True)"),
        (
            "[service]\nport = 70000",
            "service.port: Input should be less than or equal to 65535 (given: 70000)",
        ),
        ("[fetching]\npages = 1", "fetching.pages: Input should be a valid boolean"),
        (
            "[fetching]\nallow_networks = '10.0.0.0/8'",
            "fetching.allow_networks: Input should be a valid tuple",
        ),
        (
            "[fetching]\nallow_networks = ['10.0.0.1/8']",
            "fetching.allow_networks.0: Value error, 10.0.0.1/8 has host",
        ),
        ("tick_seconds = nan", "tick_seconds: Input should be"),
        ("tick_seconds = 0", "tick_seconds: Input should be greater than 0"),
        ("language = 'xx'", "language: Input should be 'en' or 'uk' (given: 'xx')"),
        ("timezone = 'Europe/Kiyv'", "unknown time zone 'Europe/Kiyv'; did you mean 'Europe/Kyiv'?"),
        ("timezone = '../../etc/passwd'", "unknown time zone '../../etc/passwd'"),
        ("polling = 15", "polling: is a table; write its keys under a line [polling]"),
        ("[database]\npath = 5", "database.path: Input is not a valid path"),
        (f"language = '{'x' * 5000}'", "(given: 'xxx"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place_and_what_was_given(tmp_path, text, words):
    refused = refusal(tmp_path, text)
    assert words in refused
    assert len(refused) < 600


def test_everything_that_is_wrong_is_told_at_once(tmp_path):
    words = refusal(tmp_path, "time_zone = 'UTC'\n[service]\nport = -1\n[polling]\nconcurrency = 0")
    assert all(key in words for key in ("time_zone", "service.port", "polling.concurrency"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("timezone = UTC", "not valid TOML"),
        ("timezone = 'UTC'\ntimezone = 'UTC'", "not valid TOML"),
        (b"\x00\xff\xfe\x89PNG", "cannot be read"),
        (b"\x00\x01\x02", "not valid TOML"),
    ],
    ids=["unquoted", "twice", "not text", "control characters"],
)
def test_a_file_that_is_no_toml_is_refused(tmp_path, content, words):
    assert words in refusal(tmp_path, content)


def test_a_missing_file_and_a_folder_are_refused_with_the_next_step(tmp_path):
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(SettingsError, match=r"cannot be read.*copy of config\.example\.toml"):
            load_settings(path)


# ── What is taken ────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_changes_only_what_it_names(tmp_path):
    settings = load(
        tmp_path, "timezone = 'Europe/Kyiv'\n[fetching]\nallow_networks = ['127.0.0.0/8', '::1']\n"
    )
    assert settings.zone.key == "Europe/Kyiv"
    assert settings.fetching.allow_networks == ("127.0.0.0/8", "::1/128")
    rest = settings.model_dump(exclude={"timezone": True, "fetching": {"allow_networks"}})
    assert rest == Settings().model_dump(exclude={"timezone": True, "fetching": {"allow_networks"}})


def test_a_whole_number_may_stand_for_seconds(tmp_path):
    assert load(tmp_path, "tick_seconds = 3").tick_seconds == 3.0


def test_a_byte_order_mark_does_no_harm(tmp_path):
    assert load(tmp_path, b"\xef\xbb\xbftimezone = 'UTC'\r\n") == Settings()


def test_secrets_come_from_the_environment_and_never_show(monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "hush-hush")
    monkeypatch.delenv("SLACK_BOT_TOKEN", raising=False)
    secrets = Secrets()
    assert secrets.discord_token is not None
    assert secrets.discord_token.get_secret_value() == "hush-hush"
    assert secrets.slack_bot_token is None
    assert "hush" not in repr(secrets) + str(secrets) + secrets.model_dump_json()
