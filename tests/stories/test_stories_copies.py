"""Copies are found however they were cut; independent texts are not."""

import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.stories import copies

_VOCABULARY = [
    f"{first}{second}" for first in ("ba", "ke", "lo", "mi", "ru") for second in ("dan", "fol", "gis", "tev")
]
WORDS = [f"{a}{b}" for a in _VOCABULARY for b in ("", "en", "or", "ist")]


def _text(seed, words=240):
    chance = random.Random(seed)
    return " ".join(chance.choice(WORDS) + ("." if at % 14 == 13 else "") for at in range(words))


def _candidate(article_id, text):
    return article_id, text, copies.minhash(text)


def _meet(a, b):
    return bool(set(copies.bands(copies.minhash(a))) & set(copies.bands(copies.minhash(b))))


def test_the_signature_is_the_same_in_every_process_and_for_ever():
    text = "Envoys left Exampletown on Monday without a text, two invented officials said."
    program = (
        f"import hashlib; from bot.stories import copies; s = copies.minhash({text!r});"
        "print(hashlib.sha256(s).hexdigest(), copies.bands(s)[:2])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout

    assert printed.split()[0] == "d871d06f199563b58484d9cdaa9a81d09f632ea225ef11e00ac3e53770ed3814"
    assert printed.split(maxsplit=1)[1].strip() == "(3179789535095983584, 921875425656008764)"


@pytest.mark.parametrize("seed", range(20))
def test_a_wire_text_cut_to_a_quarter_is_found_and_is_a_copy(seed):
    wire = _text(seed, 400)
    cut = " ".join(wire.split()[:100])

    assert copies.find_copy(cut, [_candidate(1, wire)]) == (1, "copy")
    assert copies.find_copy(wire, [_candidate(1, cut)]) == (1, "copy")


def test_texts_cut_to_a_quarter_share_a_band_nearly_always():
    met = sum(_meet(_text(seed, 400), " ".join(_text(seed, 400).split()[:100])) for seed in range(200))

    assert met >= 190


def test_a_copy_with_another_byline_and_a_few_edits_stays_a_copy():
    wire = _text(1)
    words = wire.split()
    edited = "By A. Writer in Exampletown " + " ".join(word for at, word in enumerate(words) if at % 40)

    assert copies.find_copy(edited, [_candidate(1, wire)]) == (1, "copy")


def test_a_text_of_which_a_good_half_is_the_wires_is_derived():
    wire = _text(1, 200)
    own = _text(2, 90)

    found = copies.find_copy(" ".join(wire.split()[:125]) + " " + own, [_candidate(5, wire)])

    assert found == (5, "derived")


def test_independent_texts_are_no_copies():
    candidates = [_candidate(seed, _text(seed)) for seed in range(100, 140)]

    assert copies.find_copy(_text(1), candidates) is None


def test_of_several_originals_the_oldest_is_named():
    wire = _text(1)

    assert copies.find_copy(wire, [_candidate(9, wire + " " + _text(3, 30)), _candidate(2, wire)]) == (
        9,
        "copy",
    )


def test_of_short_texts_only_the_same_words_count():
    short = "Envoys left Exampletown on Monday without a text, two invented officials said."

    assert copies.find_copy(short.upper(), [_candidate(1, short)]) == (1, "copy")
    assert copies.find_copy(short, [_candidate(1, short + " Talks go on.")]) is None
    assert copies.find_copy(short, [_candidate(1, _text(1) + " " + short)]) is None


def test_a_text_without_words_copies_nothing_and_is_found_by_nobody():
    assert copies.find_copy(" … ", [_candidate(1, "…")]) is None
    assert copies.bands(copies.minhash("")) == ()


def test_a_damaged_stored_signature_does_not_hide_a_copy():
    wire = _text(1)

    assert copies.find_copy(wire + " more", [(1, wire, b"\x00")]) == (1, "copy")


@given(st.text(max_size=500))
def test_signature_and_bands_keep_their_shape(text):
    signature = copies.minhash(text)
    bands = copies.bands(signature)

    assert len(signature) == 512
    assert signature == copies.minhash(text)
    assert len(bands) in {0, 64}
    assert all(0 <= band < 2**63 for band in bands)


@given(st.text(max_size=300), st.text(max_size=300))
def test_containment_is_symmetric_bounded_and_one_for_the_same_text(a, b):
    assert copies.containment(a, a) == 1.0
    assert copies.containment(a, b) == copies.containment(b, a)
    assert 0.0 <= copies.containment(a, b) <= 1.0
