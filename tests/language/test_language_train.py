"""Training's first half, which needs no torch: the command line and what an annotated article teaches."""

import json
import random
import subprocess
import sys

import numpy as np
import pytest

from bot.language import train
from bot.language.examples import NONE, WINDOW, articles, example_of, windows, with_unlisted
from bot.language.pieces import LABELS
from bot.language.tagger import load

TEXT = "Anna Example said “we stay”. Bob Sample hoped for rain."
SAID = {"source": [[0, 12]], "cue": [[13, 17]], "content": [[18, 27]]}
HOPED = {"source": [[29, 39]], "cue": [[40, 45]], "content": [[46, 54]]}


def learnt(*attributions, text=TEXT):
    return example_of(load()._tokenizer, {"text": text, "attributions": list(attributions)})


def test_help_is_shown_without_the_training_packages():
    done = subprocess.run(
        [sys.executable, "-m", "bot.language.train", "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "pip install torch onnx safetensors" in done.stdout


def test_missing_packages_are_named_with_the_command_that_brings_them(monkeypatch, capsys):
    monkeypatch.setattr(train.importlib.util, "find_spec", lambda name: None)
    code = train.main(["folder", "--encoder", "e", "--tokenizer", "t", "--out", "o"])
    assert code == 2
    assert "python -m pip install torch onnx safetensors" in capsys.readouterr().err


def test_a_folder_without_articles_is_named(tmp_path):
    with pytest.raises(SystemExit, match=r"broad\.jsonl"):
        train._found(tmp_path, "broad")


def test_articles_are_read_line_by_line(tmp_path):
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps({"text": TEXT, "attributions": []}) + "\n\n", encoding="utf-8")
    assert [article["text"] for article in articles(path)] == [TEXT]


def test_labels_and_pointers_follow_the_annotation():
    example = learnt(SAID, HOPED)
    names = [LABELS[label] for label in example.labels]
    assert names.count("B-source") == names.count("B-cue") == names.count("B-content") == 2
    cue, hoped = (n for n, name in enumerate(names) if name == "B-cue")
    assert example.to_source[cue] == names.index("B-source")
    assert set(example.to_cue[example.labels >= LABELS.index("B-content")]) == {cue, hoped}
    assert (example.acts[cue], example.acts[hoped]) == (1, -1 if "hope" not in TEXT else 0)
    assert not example.sure


def test_an_annotated_act_counts_more_than_a_guess():
    example = learnt({**HOPED, "act": 1})
    assert example.sure
    assert example.acts.max() == 1


def test_a_cue_without_a_source_points_nowhere():
    example = learnt({**SAID, "source": []})
    assert NONE in example.to_source


def test_what_gold_leaves_out_is_learnt_as_not_said():
    whole = with_unlisted({"text": TEXT, "attributions": [SAID]}, load().tag(TEXT))
    assert whole["attributions"][0]["act"] == 1
    assert all(found["act"] == 0 for found in whole["attributions"][1:])
    assert all(span[0] >= 27 for found in whole["attributions"][1:] for span in found["content"])


def test_windows_cover_every_piece():
    chance = random.Random(1)
    for count in (1, 254, 255, 700, 2_000):
        seen = np.zeros(count, dtype=bool)
        for start, end in windows(count, chance):
            assert 0 <= start < end <= count
            assert end - start <= WINDOW
            seen[start:end] = True
        assert seen[40:-40].all()


def test_an_example_knows_the_part_it_belongs_to():
    assert example_of(load()._tokenizer, {"text": TEXT, "attributions": [SAID]}, 2).fold == 2


def test_rounding_during_training_changes_what_is_computed_and_leaves_the_weights_exact():
    torch = pytest.importorskip("torch", reason="training's packages are not installed")
    from bot.language.network import Network  # noqa: PLC0415 - needs torch
    from bot.language.rounding import rounded  # noqa: PLC0415 - the same

    torch.manual_seed(0)
    network = Network().eval()
    names = set(network.state_dict())
    pieces = torch.randint(1000, 2000, (1, 20))
    asked = (pieces, torch.ones_like(pieces), torch.zeros_like(pieces))
    exact = network(*asked)[0]
    with rounded(network, wanted=True):
        assert not torch.equal(network(*asked)[0], exact)
    assert torch.equal(network(*asked)[0], exact)
    assert set(network.state_dict()) == names
