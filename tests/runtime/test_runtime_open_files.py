"""Room for connections, as far as the system gives it."""

import sys

import pytest

from bot.runtime import open_files

if sys.platform == "win32":
    pytest.skip("Windows has no such limit", allow_module_level=True)

import resource


@pytest.fixture(autouse=True)
def limits():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_usual_limit_is_raised_as_far_as_it_may_be(limits):
    _, hard = limits
    resource.setrlimit(resource.RLIMIT_NOFILE, (600, hard))
    assert open_files.most(400) == 400
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 656


def test_what_is_enough_is_left_alone(limits):
    resource.setrlimit(resource.RLIMIT_NOFILE, (600, limits[1]))
    assert open_files.most(10) == 10
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 600


def test_where_it_may_not_be_raised_there_are_fewer_connections(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (300, 300))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    assert open_files.most(1000) == 44
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 100))
    assert open_files.most(1000) == 1
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert open_files.most(1000) == 1000
