"""What Discord refuses as too long, too many, empty or twice, each as a line with its place.

Its OpenAPI description knows the lengths of single fields. What only the documents or the server say stands here:
2000 characters of content, 6000 of all embeds together, 40 components, 4000 characters of components v2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

CONTENT, EMBEDS, EMBEDS_TOTAL, FIELDS, FILES = 2000, 10, 6000, 25, 10
ROWS, ROW_WIDTH, COMPONENTS, V2_TEXT = 5, 5, 40, 4000
CHOICES, CHOICE = 25, 100
V2 = 1 << 15
ROW, BUTTON, STRING_SELECT, TEXT_INPUT, TEXT_DISPLAY, LABEL = 1, 2, 3, 4, 10, 18
SELECTS = (3, 5, 6, 7, 8)
LINK_BUTTON, PREMIUM_BUTTON = 5, 6

COMMAND_NAME = re.compile(r"^[-_'\w]{1,32}$")
COMMAND_TEXT = 8000
"""Names, descriptions and choices of one command together."""


def message_problems(body: Json, *, files: int = 0, editing: bool = False) -> list[str]:
    """What is wrong with a message as it is sent (or edited)."""
    found: list[str] = []
    content, embeds, components = (body.get(key) or [] for key in ("content", "embeds", "components"))
    v2 = bool((body.get("flags") or 0) & V2)
    if len(content) > CONTENT:
        found.append(f"content: {len(content)} characters of {CONTENT}")
    if len(embeds) > EMBEDS:
        found.append(f"embeds: {len(embeds)} of {EMBEDS}")
    if files > FILES:
        found.append(f"files: {files} of {FILES}")
    for number, embed in enumerate(embeds):
        found += [f"embeds.{number}.{problem}" for problem in _embed_problems(embed)]
    total = sum(embed_length(embed) for embed in embeds)
    if total > EMBEDS_TOTAL:
        found.append(f"embeds: {total} characters of {EMBEDS_TOTAL}")
    if v2 and (content or embeds):
        found.append("components v2 allow neither content nor embeds")
    if not (editing or content or embeds or components or files or body.get("poll")):
        found.append("empty message")
    return found + _component_problems(components, v2=v2)


def embed_length(embed: Json) -> int:
    """Characters of an embed that count towards the total of a message."""
    parts = [embed.get("title"), embed.get("description")]
    parts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for field in embed.get("fields") or []:
        parts += [field.get("name"), field.get("value")]
    return sum(len(part or "") for part in parts)


def _embed_problems(embed: Json) -> Iterator[str]:
    texts: list[tuple[str, Any, int]] = [
        ("title", embed.get("title"), 256),
        ("description", embed.get("description"), 4096),
        ("footer.text", (embed.get("footer") or {}).get("text"), 2048),
        ("author.name", (embed.get("author") or {}).get("name"), 256),
    ]
    fields = embed.get("fields") or []
    if len(fields) > FIELDS:
        yield f"fields: {len(fields)} of {FIELDS}"
    for number, field in enumerate(fields):
        for key, most in (("name", 256), ("value", 1024)):
            text = field.get(key)
            if not (text or "").strip():
                yield f"fields.{number}.{key}: required"
            texts.append((f"fields.{number}.{key}", text, most))
    for place, text, most in texts:
        if len(text or "") > most:
            yield f"{place}: {len(text)} characters of {most}"
    if not (embed_length(embed) or embed.get("image") or embed.get("thumbnail")):
        yield "empty embed"


def every_component(components: list[Json]) -> Iterator[Json]:
    """All components, nested ones too, parents first."""
    for one in components:
        yield one
        nested = [*(one.get("components") or []), one.get("accessory"), one.get("component")]
        yield from every_component([inner for inner in nested if inner])


def _component_problems(components: list[Json], *, v2: bool) -> list[str]:
    found = []
    everything = list(every_component(components))
    if len(everything) > COMPONENTS:
        found.append(f"components: {len(everything)} of {COMPONENTS}")
    if not v2:
        if len(components) > ROWS:
            found.append(f"components: {len(components)} rows of {ROWS}")
        if any(one["type"] != ROW for one in components):
            found.append("components: only rows, without the components v2 flag")
    shown = sum(len(one.get("content") or "") for one in everything if one["type"] == TEXT_DISPLAY)
    if shown > V2_TEXT:
        found.append(f"components: {shown} characters shown of {V2_TEXT}")
    ids = [one["custom_id"] for one in everything if one.get("custom_id")]
    found += [
        f"custom_id {one!r} is there twice" for one in sorted({one for one in ids if ids.count(one) > 1})
    ]
    for one in everything:
        found += [f"component {one['type']}: {problem}" for problem in _one_component(one)]
    return found


def _one_component(one: Json) -> Iterator[str]:
    if len(one.get("custom_id") or "") > 100:
        yield f"custom_id: {len(one['custom_id'])} characters of 100"
    special = {ROW: _row, BUTTON: _button, STRING_SELECT: _string_select}.get(one["type"])
    if special is not None:
        yield from special(one)
    if one["type"] == TEXT_INPUT and len(one.get("value") or "") > 4000:
        yield f"value: {len(one['value'])} characters of 4000"


def _row(row: Json) -> Iterator[str]:
    inner = row.get("components") or []
    if not inner or len(inner) > ROW_WIDTH:
        yield f"row of {len(inner)} (1 to {ROW_WIDTH})"
    if len(inner) > 1 and any(each["type"] in SELECTS for each in inner):
        yield "a select menu needs a row of its own"


def _button(button: Json) -> Iterator[str]:
    style = button.get("style")
    if len(button.get("label") or "") > 80:
        yield f"label: {len(button['label'])} characters of 80"
    if style != PREMIUM_BUTTON and not (button.get("label") or button.get("emoji")):
        yield "a button needs a label or an emoji"
    if (style == LINK_BUTTON) != bool(button.get("url")):
        yield "a link button has an address, and no other has"
    if style == LINK_BUTTON and not re.match(r"(https?|discord)://", button.get("url") or ""):
        yield f"address {button.get('url')!r}: only http, https or discord"
    if style not in (LINK_BUTTON, PREMIUM_BUTTON) and not button.get("custom_id"):
        yield "custom_id: required"


def _string_select(menu: Json) -> Iterator[str]:
    options = menu.get("options") or []
    if not options or len(options) > CHOICES:
        yield f"{len(options)} options (1 to {CHOICES})"
    values = [option["value"] for option in options]
    if len(set(values)) < len(values):
        yield "two options of the same value"
    for option in options:
        for key, least in (("label", 1), ("value", 1), ("description", 0)):
            if not least <= len(option.get(key) or "") <= CHOICE:
                yield f"option {key}: {len(option.get(key) or '')} characters ({least} to {CHOICE})"


def modal_problems(modal: Json) -> list[str]:
    """What is wrong with a modal."""
    found = []
    if not 1 <= len(modal.get("title") or "") <= 45:
        found.append(f"title: {len(modal.get('title') or '')} characters (1 to 45)")
    if not 1 <= len(modal.get("custom_id") or "") <= 100:
        found.append("custom_id: 1 to 100 characters")
    rows = modal.get("components") or []
    if not 1 <= len(rows) <= 5:
        found.append(f"components: {len(rows)} (1 to 5)")
    for row in rows:
        for inner in every_component([row]):
            label = inner.get("label") if inner["type"] in (TEXT_INPUT, LABEL) else None
            if label is not None and not 1 <= len(label) <= 45:
                found.append(f"label: {len(label)} characters (1 to 45)")
            if len(inner.get("placeholder") or "") > (100 if inner["type"] == TEXT_INPUT else 150):
                found.append("placeholder: too long")
            found += list(_one_component(inner)) if inner["type"] != ROW else []
    return found


def choices_problems(choices: list[Json]) -> list[str]:
    """What is wrong with the answers to somebody's typing."""
    found = [f"choices: {len(choices)} of {CHOICES}"] if len(choices) > CHOICES else []
    for one in choices:
        if not 1 <= len(one["name"]) <= CHOICE:
            found.append(f"choice's name: {len(one['name'])} characters (1 to {CHOICE})")
        if isinstance(one["value"], str) and not 1 <= len(one["value"]) <= CHOICE:
            found.append(f"choice's value: {len(one['value'])} characters (1 to {CHOICE})")
    return found


def command_problems(commands: list[Json]) -> list[str]:
    """What is wrong with the commands of an application, all together."""
    found = []
    for kind, most in ((1, 100), (2, 15), (3, 15)):
        count = sum((one.get("type") or 1) == kind for one in commands)
        if count > most:
            found.append(f"{count} commands of type {kind}, of {most}")
    keys = [(one.get("type") or 1, one["name"]) for one in commands]
    found += [f"{key} is there twice" for key in sorted({key for key in keys if keys.count(key) > 1})]
    for one in commands:
        found += [f"{one['name']}: {problem}" for problem in _command_problems(one)]
    return found


def _command_problems(command: Json) -> Iterator[str]:
    if (command.get("type") or 1) != 1:
        if not 1 <= len(command["name"]) <= 32 or command.get("description"):
            yield "a menu has a name of 1 to 32 characters and no description"
        return
    if (size := _command_size(command)) > COMMAND_TEXT:
        yield f"{size} characters together, of {COMMAND_TEXT}"
    yield from _named(command)


def _named(one: Json) -> Iterator[str]:
    for name in (one["name"], *(one.get("name_localizations") or {}).values()):
        if not COMMAND_NAME.match(name) or name != name.lower():
            yield f"name {name!r}: 1 to 32 lower-case letters, digits, - and _"
    for text in (one.get("description") or "", *(one.get("description_localizations") or {}).values()):
        if not 1 <= len(text) <= 100:
            yield f"description of {len(text)} characters (1 to 100)"
    options = one.get("options") or []
    if len(options) > CHOICES:
        yield f"{len(options)} options of {CHOICES}"
    wanted = [bool(option.get("required")) for option in options]
    if wanted != sorted(wanted, reverse=True):
        yield "an option that is required stands after one that is not"
    if len({option["name"] for option in options}) < len(options):
        yield "two options of the same name"
    for option in options:
        choices = option.get("choices") or []
        if choices and option.get("autocomplete"):
            yield f"{option['name']}: choices and autocomplete exclude each other"
        yield from (f"{option['name']}: {problem}" for problem in choices_problems(choices))
        yield from (f"{option['name']}: {problem}" for problem in _named(option))


def _command_size(one: Json) -> int:
    """Characters that count; of localised texts the longest one does."""
    size = 0
    for key in ("name", "description"):
        texts = [one.get(key) or "", *(one.get(f"{key}_localizations") or {}).values()]
        size += max(len(text) for text in texts)
    size += sum(len(str(choice["name"])) + len(str(choice["value"])) for choice in one.get("choices") or [])
    return size + sum(_command_size(option) for option in one.get("options") or [])
