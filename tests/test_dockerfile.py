"""The Dockerfile, as far as it can be checked without building it: no engine runs where the tests run."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[1]
INSTALL = re.compile(r"pip install [^&\n]+")
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def instructions() -> list[tuple[str, str]]:
    """Each instruction with its arguments, continued lines joined and comments left out."""
    lines = "\n".join(line for line in TEXT.splitlines() if not line.startswith("#"))
    joined = lines.replace("\\\n", " ")
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in joined.splitlines() if line.strip()]


def arguments(name: str, *, last_stage: bool = False) -> list[str]:
    found = instructions()
    if last_stage:
        found = found[max(place for place, (word, _) in enumerate(found) if word == "FROM") :]
    return [rest for word, rest in found if word == name]


def copied() -> list[str]:
    """Sources that come from the build context."""
    words = [shlex.split(rest) for rest in arguments("COPY")]
    own = [line for line in words if not any(word.startswith("--from") for word in line)]
    return [source for line in own for source in line[:-1] if not source.startswith("--")]


def test_everything_copied_is_there_and_let_through_to_the_build():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_through = {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored
    assert copied()
    for source in copied():
        assert (ROOT / source).exists(), source
        assert source in let_through, source


def test_the_build_has_all_that_the_project_file_names():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {project["readme"], *project["license-files"], "pyproject.toml", "constraints.txt", "bot"} <= set(
        copied()
    )


def test_the_bot_does_not_run_as_root():
    (user,) = arguments("USER", last_stage=True)
    assert int(user) > 0, "a number, so that an orchestrator can see that it is not root"
    assert any(f"useradd --system --uid {user}" in line for line in arguments("RUN", last_stage=True))


def test_it_has_one_volume_where_the_bot_works_and_finds_its_settings():
    assert arguments("VOLUME") == ["/data"]
    assert arguments("WORKDIR", last_stage=True) == ["/data"]
    assert json.loads(arguments("CMD", last_stage=True)[0]) == ["run", "--config", "/data/onrecord.toml"]
    assert json.loads(arguments("ENTRYPOINT", last_stage=True)[0]) == ["onrecord"]


def test_the_health_check_asks_the_port_that_is_set_by_default():
    (check,) = arguments("HEALTHCHECK", last_stage=True)
    (environment,) = arguments("ENV", last_stage=True)
    assert "ONRECORD_HEALTH" in check
    assert "ONRECORD_HEALTH=http://127.0.0.1:8080/healthz" in environment


def test_nothing_secret_is_built_in():
    assert not re.search(r"(token|secret|password)\s*=", TEXT, re.IGNORECASE)


def test_it_runs_on_the_python_that_the_constraints_were_made_with():
    versions = {re.match(r"python:(\d+\.\d+)-slim", base).group(1) for base in arguments("FROM")}
    assert versions == {
        re.search(r"Python (\d+\.\d+)", (ROOT / "constraints.txt").read_text(encoding="utf-8")).group(1)
    }


def test_readme_checks_and_image_install_alike():
    """The same constraints everywhere, and the project itself: what was tested is what runs."""
    for name in ("README.md", ".ci/run", "Dockerfile"):
        lines = INSTALL.findall((ROOT / name).read_text(encoding="utf-8"))
        assert lines, name
        for line in lines:
            words = shlex.split(line)
            assert words[words.index("-c") :][:2] == ["-c", "constraints.txt"], f"{name}: {line}"
            assert {".", ".[dev]"} & set(words), f"{name}: {line}"


def test_the_constraints_pin_every_dependency_exactly_and_hold_no_address():
    pins = [
        line
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line[:1] != "#"
    ]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.!+]*", pin) for pin in pins)
    pinned = {pin.partition("==")[0].lower().replace("_", "-") for pin in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    assert {re.match(r"[\w.-]+", one).group(0).lower() for one in wanted} <= pinned


def test_every_data_file_of_the_package_is_installed_with_it():
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    patterns = tool["setuptools"]["package-data"]["bot"]
    names = [
        str(path.relative_to(ROOT / "bot"))
        for path in (ROOT / "bot").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc", ".md")
    ]
    assert names
    assert [
        name
        for name in names
        if not any(fnmatch(f"/{name}", f"/{one}".replace("/**", "")) for one in patterns)
    ] == []
