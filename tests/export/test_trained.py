import shutil
from dataclasses import replace

import pytest

from analysis import load
from support.lazy import Lazy
from support.made_up_runs import made_up_run
from tuner.data.word_order import load_order
from tuner.errors import InputError
from tuner.export.card import model_card
from tuner.export.trained import chosen_trials, open_run, read_model
from tuner.metrics import ACCURACY

lite = Lazy("tuner.export.lite")


@pytest.mark.parametrize(
    ("wanted", "trials"),
    [
        ("best", ["00000"]),
        ("frontier", ["00005", "00003", "00000"]),
        ("00003", ["00003"]),
        ("3", ["00003"]),
    ],
)
def test_trials_are_found(opened, wanted, trials):
    assert chosen_trials(opened[0], wanted) == trials


def test_the_knee_is_on_the_frontier(opened):
    assert set(chosen_trials(opened[0], "knee")) < set(chosen_trials(opened[0], "frontier"))


def test_where_nothing_is_worth_anything_only_the_best_can_be_had(tmp_path):
    baseline = replace(ACCURACY, baseline=0.999)
    run = load(made_up_run(tmp_path / "run", trials=5, epochs=3, objective=baseline).path)
    (best,) = chosen_trials(run, "best")
    assert best in set(run.trials["trial_id"])
    for wanted in ("knee", "frontier"):
        with pytest.raises(InputError, match=r"no trial of run is better than a constant answer.*give best"):
            chosen_trials(run, wanted)


@pytest.mark.parametrize("wanted", ["77", "worst", ""])
def test_an_unknown_trial_names_those_that_can_be_had(opened, wanted):
    with pytest.raises(
        InputError, match="has no such trial; give best, knee, frontier, ensemble or one of '00000', '00003'"
    ):
        chosen_trials(opened[0], wanted)


def test_a_trial_without_weights_names_those_that_have_some(opened):
    with pytest.raises(
        InputError, match=r"00001': its weights were not kept .*trials with weights: '00000', '00003', '00004'"
    ):
        read_model(*opened, "00001")


def test_words_of_a_trial_are_in_its_own_order(opened):
    run, encoder = opened
    informative = read_model(run, encoder, "00003").encoder.vocabulary
    assert read_model(run, encoder, "00000").encoder.vocabulary.words == encoder.vocabulary.words
    order = [encoder.vocabulary.ids[word] for word in informative.words]
    assert [0, 1, *order] == load_order(run.folder.encoder).tolist()
    assert informative.words[:10] != encoder.vocabulary.words[:10]
    card = model_card(read_model(run, encoder, "00003"), "saved_model", versions={}, lite=[])
    assert "- Words: the 10 that tell most of the label in the training texts" in card


@pytest.mark.tensorflow
@pytest.mark.parametrize("trial", ["00000", "00003"])
def test_an_export_is_measured_on_texts_in_the_trials_own_order(opened, trial):
    """In the run's data every text is written out again by the words of the trial's encoder."""
    run, encoder = opened
    model = read_model(run, encoder, trial)
    measured = lite.validation_texts(run.settings, model.fold, informative=model.informative)
    plain = lite.validation_texts(run.settings, model.fold)
    words = {0: "", 1: "?"} | {number: word for word, number in model.encoder.vocabulary.ids.items()}
    expected = {0: "", 1: "?"} | {number: word for word, number in encoder.vocabulary.ids.items()}
    assert [words[one] for one in measured._texts.tokens] == [expected[one] for one in plain._texts.tokens]


def test_a_run_that_was_moved_and_whose_data_are_gone(run_path, tmp_path):
    moved = tmp_path / "elsewhere" / "renamed"
    shutil.copytree(run_path, moved)
    run, encoder = open_run(str(moved), tmp_path)
    assert read_model(run, encoder, "00000").network.classes == 3


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("encoder/vocabulary.json", "vocabulary.json: is missing; restore it"),
        ("encoder/tokenizer.json", "missing or damaged"),
        ("encoder/labels.json", "missing or damaged"),
    ],
)
def test_a_run_without_its_encoder(run_path, tmp_path, file, message):
    shutil.copytree(run_path, tmp_path / "run")
    (tmp_path / "run" / file).unlink()
    with pytest.raises(InputError, match=message):
        open_run(str(tmp_path / "run"), tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off"])
def test_damaged_weights(run_path, tmp_path, content):
    shutil.copytree(run_path, tmp_path / "run")
    (tmp_path / "run/models/00000/best.npz").write_bytes(content)
    run, encoder = open_run(str(tmp_path / "run"), tmp_path)
    with pytest.raises(InputError, match="is damaged"):
        read_model(run, encoder, "00000")


def test_weights_of_another_trial(run_path, tmp_path):
    shutil.copytree(run_path, tmp_path / "run")
    shutil.copy(tmp_path / "run/models/00003/best.npz", tmp_path / "run/models/00000/best.npz")
    run, encoder = open_run(str(tmp_path / "run"), tmp_path)
    with pytest.raises(InputError, match="is not of the network"):
        read_model(run, encoder, "00000")
