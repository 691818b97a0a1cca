"""Every command of the catalogue, as people use it on Discord."""

import pytest

from bot.commands import catalog
from tests.platforms.discord.conftest import FEED_URL, labels, raw, words_of

USED = {
    # command: what is done in order; each step (options, words that the answer shows)
    "digest": [({"topic": "war", "period": "24h"}, "We agreed to meet again")],
    "said": [
        ({"speaker": "Anna Example", "about": "ferry"}, "The ferry will sail"),
        ({"speaker": "Anna Exampel"}, "Did you mean Anna Example?"),
    ],
    "story": [({"story": "https://example.org/ferry"}, "Not today")],
    "search": [({"text": "ferry"}, "The ferry will sail")],
    "subscription add": [({"topic": "talks", "schedule": "daily 08:00"}, "The first digest comes at")],
    "subscription edit": [({"number": 1, "style": "brief"}, "brief")],
    "subscription list": [({}, "talks")],
    "subscription remove": [({"number": 1}, "has ended")],
    "subscription pause": [({"number": 1}, "is paused")],
    "subscription resume": [({"number": 1}, "Next digest")],
    "subscription preview": [({"number": 1}, "nothing new to say so far")],
    "feeds add": [({"url": FEED_URL}, "Sample Post")],
    "feeds list": [({}, "Example Times")],
    "feeds status": [({"feed": "1"}, "Example Times")],
    "feeds test": [({"feed": FEED_URL}, "Ferry sails again")],
    "feeds pause": [({"feed": "Example Times"}, "is paused")],
    "feeds resume": [({"feed": "1"}, "is not paused")],
    "feeds release": [({"feed": "1"}, "Example Times")],
    "feeds remove": [({"feed": "1"}, "is read no more")],
    "topics list": [({}, "talks")],
    "topics show": [({"topic": "talks"}, "In the last 7 days")],
    "help": [({}, "What you can ask"), ({"verb": "said"}, "said <speaker>")],
    "privacy": [({}, "What I keep about you")],
    "forget": [({}, "This cannot be undone"), ({"confirm": "yes"}, "Forgotten")],
    "settings forget": [({}, "Nothing is kept about this place")],
}
NEEDS_AN_ORDER = ("edit", "list", "remove", "pause", "resume", "preview")


def test_every_command_of_the_catalogue_is_used_in_a_test():
    assert set(USED) == {command.name for command in catalog.COMMANDS if not command.follows}


@pytest.mark.parametrize("name", USED)
async def test_a_command_answers_whoever_may_use_it_alone(scene, name):
    if name.startswith("subscription") and name.split()[1] in NEEDS_AN_ORDER:
        await scene.admin.slash(scene.channel, "subscription add", topic="talks", schedule="daily 08:00")
    if catalog.find(name).operator:
        await scene.set_up(operators=(scene.admin.id,))
    for options, shown in USED[name]:
        result = await scene.admin.slash(scene.channel, name, **options)
        assert result.ephemeral
        assert shown in words_of(result.response).replace("\\", "")


@pytest.mark.parametrize("name", [command.name for command in catalog.COMMANDS if command.admin])
async def test_who_does_not_manage_the_server_is_not_offered_what_admins_do(scene, name):
    assert name not in scene.reader.available_commands(scene.channel)
    assert name in scene.admin.available_commands(scene.channel)


async def test_answers_offer_what_can_be_done_next(scene):
    result = await scene.reader.slash(scene.channel, "digest")
    assert labels(result.response)[-2:] == ["links", "Post to channel"]


async def test_the_buttons_below_an_answer_stand_in_one_row(scene):
    result = await scene.reader.slash(scene.channel, "digest")
    rows = [one for one in raw(result.response) if one["type"] == 1]
    assert [one["label"] for one in rows[-1]["components"]][-2:] == ["links", "Post to channel"]
