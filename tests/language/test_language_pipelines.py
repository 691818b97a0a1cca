"""Pipelines: loaded once, missing ones explained, parsing bounded."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.language.pipelines import ModelMissing, load, parse, text_of


def test_a_missing_pipeline_says_how_to_get_one():
    with pytest.raises(ModelMissing, match="python -m spacy download en_core_web_sm"):
        load("en_core_web_that_nobody_made")


def test_threads_share_one_pipeline():
    with ThreadPoolExecutor(4) as pool:
        loaded = list(pool.map(load, ["auto"] * 4))
    assert all(nlp is loaded[0] for nlp in loaded)


def test_paragraphs_never_share_a_sentence_and_offsets_are_the_texts_own():
    text = "Talks in Geneva\n\nthe envoys met again"
    doc = parse(load(), text)
    assert text_of(doc) == text
    assert "the" in [text[sentence.start_char :].split(maxsplit=1)[0] for sentence in doc.sents]
    assert all(text[token.idx : token.idx + len(token)] == token.text for token in doc)


def test_endless_words_are_blanked_and_endless_sentences_cut():
    doc = parse(load(), "The minister said " + "x" * 5_000 + " and " + "so on and " * 600)
    assert not any("xxx" in token.text for token in doc)
    assert max(len(sentence) for sentence in doc.sents) <= 300
