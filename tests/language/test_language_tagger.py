"""The tagger and its model: what it marks, that it holds at window seams, that a damaged model is refused."""

import hashlib
from importlib.resources import files

import pytest

from bot.language import tagger
from bot.language.pipelines import ModelMissing

SENTENCE = "The road to the coast was closed in winter and nobody used it for years. "
FILLER = SENTENCE * 40
SAID = "Anna Example said that the talks had failed."


def words(text, link):
    return (
        text[slice(*link.source.span)],
        text[slice(*link.cue.span)],
        [text[slice(*part.span)] for part in link.contents],
    )


def test_source_cue_and_content_are_linked():
    (link,) = tagger.load().tag(SAID)
    source, cue, contents = words(SAID, link)
    assert (source, cue) == ("Anna Example", "said")
    assert contents[0].endswith("the talks had failed")
    assert link.said > 0.5


def test_a_thought_is_told_from_speech():
    text = "Bob Sample said it rained. Anna Example hoped that the talks would go on."
    acts = {text[slice(*link.cue.span)]: link.said for link in tagger.load().tag(text) if link.cue}
    assert acts["said"] > 0.9
    assert acts.get("hoped", 0) < 0.5


@pytest.mark.parametrize("before", [0, 1, 7, 20, 33, 40])
def test_a_statement_is_found_wherever_the_windows_are_cut(before):
    text = SENTENCE * before + SAID + " " + FILLER
    found = [words(text, link) for link in tagger.load().tag(text) if link.cue and link.source]
    assert ("Anna Example", "said") in [(source, cue) for source, cue, _ in found]


@pytest.mark.parametrize("text", ["", " \n\n", "\x00", "a", "🙂" * 300])
def test_texts_without_words_bring_nothing_and_no_error(text):
    assert all(0 <= link.said <= 1 for link in tagger.load().tag(text))


def test_tagging_is_repeatable_and_the_tagger_is_loaded_once():
    assert tagger.load() is tagger.load()
    assert tagger.load().tag(SAID + FILLER) == tagger.load().tag(SAID + FILLER)


def test_an_altered_model_file_is_refused_with_the_command_that_mends_it(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"not what the card describes")
    with pytest.raises(ModelMissing, match=r"sha256 differs.*pip install"):
        tagger._checked(path, hashlib.sha256(b"the card's").hexdigest())


def test_a_missing_model_file_is_named(tmp_path):
    with pytest.raises(ModelMissing, match=r"tokenizer\.json"):
        tagger._checked(tmp_path / "tokenizer.json", "")


def test_a_missing_card_is_named(tmp_path):
    with pytest.raises(ModelMissing, match=r"card\.toml"):
        tagger._card(tmp_path)


def test_the_files_are_those_that_the_card_describes():
    folder = files("bot.language") / "model"
    sums = tagger._card(folder)["sha256"]
    for name, wanted in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == wanted
    assert sorted(sums) == ["model.onnx", "tokenizer.json"]
