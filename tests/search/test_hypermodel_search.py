"""Searches over a custom model through the command line, on a local Ray."""

import sys

import numpy as np
import pandas as pd
import pytest

from analysis import load
from support.covering import FULL_CONTRACT
from support.searches import kill, run_here, start, wait_for_epochs, write_reviews
from tuner.cli.main import run as command_line

pytestmark = [pytest.mark.ray, pytest.mark.tensorflow, pytest.mark.usefixtures("on_shared_ray")]

MODULE = """
import keras
from own_parts import pooled

def build(hp, vocabulary_size, classes):
    depth = hp.Int("depth", 1, 2)
    x = tokens = keras.Input((None,), dtype="int32")
    x = pooled(vocabulary_size, hp.Choice("embedding", [4, 8]))(x)
    with hp.conditional_scope("depth", [2]):
        hidden = hp.Int("hidden", 4, 12, step=4)
        if depth == 2:
            x = keras.layers.Dense(hidden, activation="relu")(x)
    rate = hp.Float("learning_rate", 1e-3, 1e-1, sampling="log", default=0.01)
    if rate > 0.02:
        raise ValueError("this rate is too high for me")
    model = keras.Model(tokens, keras.layers.Dense(classes, activation="softmax")(keras.layers.Dropout(0.1)(x)))
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""
PARTS = """
import keras

def pooled(vocabulary_size, width):
    return keras.Sequential([keras.layers.Embedding(vocabulary_size, width), keras.layers.GlobalMaxPooling1D()])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    write_reviews(folder / "reviews.csv", examples=600)
    (folder / "own_searched.py").write_text(MODULE)
    (folder / "own_parts.py").write_text(PARTS)
    return folder


def search(name):
    """Six trials, the last of which draws a rate that is too high: a worker whose trial fails has to be replaced."""
    return ["search", "--hypermodel", "own_searched:build", "--data", "reviews.csv", "--name", name, "--trials", "6",
            "--epochs", "4", "--concurrency", "1", "--seed", "22"]  # fmt: skip


@pytest.fixture(scope="module")
def whole(folder, on_shared_ray):
    result = run_here(folder, *search("whole"))
    assert result.returncode == 0, result.stderr
    return load(folder / "whole"), result


def test_trials_have_the_hyperparameters_of_the_model_and_those_that_are_inactive_are_empty(whole):
    run, result = whole
    columns = [name for name in run.trials.columns if name.startswith("config/")]
    assert columns == ["config/depth", "config/embedding", "config/hidden", "config/learning_rate"]
    first = run.trials.iloc[0]
    assert (first["config/depth"], first["config/embedding"], first["config/learning_rate"]) == (1, 4, 0.01)
    assert (run.trials["config/hidden"].notna() == (run.trials["config/depth"] == 2)).all()
    assert run.trials["config/hidden"].dtype == "Int64"
    assert "hidden 4 | 8 | 12, only if depth is 2" in result.stdout
    assert "not predicted for a hypermodel" in result.stdout


def test_a_build_that_fails_fails_its_trial_alone(whole):
    run, _ = whole
    failed = run.trials["status"] == "failed"
    assert failed.any()
    assert (failed == (run.trials["config/learning_rate"] > 0.02)).all()
    assert run.trials.loc[failed, "error"].str.contains("this rate is too high for me").all()
    assert run.trials.loc[failed, "parameters"].isna().all()
    assert (run.trials.loc[~failed, "parameters"] > run.trials.loc[~failed, "embedding_parameters"]).all()


def test_asha_stops_the_weak_and_the_models_learn(whole):
    run, _ = whole
    assert {"completed", "stopped"} <= set(run.trials["status"])
    losses = run.epochs.pivot_table(index="trial_id", columns="epoch", values="train_loss")
    assert (losses[4].dropna() < losses.loc[losses[4].notna(), 1]).all()


@pytest.mark.skipif(
    not FULL_CONTRACT,
    reason="FULL_CONTRACT=1: test_on_ray.py kills one of built-in networks, test_custom_run.py goes on",
)
def test_a_search_that_was_killed_ends_as_one_that_was_not(folder, whole):
    process = start(folder, *search("broken"))
    wait_for_epochs(folder / "broken" / "journal.jsonl", 5, process)
    kill(process)
    result = run_here(folder, "resume", "broken")
    assert result.returncode == 0, result.stderr
    run, broken = whole[0], load(folder / "broken")
    pd.testing.assert_frame_equal(broken.trials.drop(columns="seconds"), run.trials.drop(columns="seconds"))
    clocks = ["seconds", "tokens_per_second"]
    pd.testing.assert_frame_equal(broken.epochs.drop(columns=clocks), run.epochs.drop(columns=clocks))


def test_what_is_made_of_runs_is_made_of_these_too(folder, whole, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    for command in (["rank", "whole", "--by", "frontier"], ["rank", "whole", "--json"], ["report", "whole"]):
        assert command_line([*command, "--runs-dir", str(folder)]) == 0
        assert "depth" in capsys.readouterr().out or command[0] == "report"


def test_the_best_model_leaves_for_raw_strings_and_answers_as_in_its_search(folder, whole, capsys, monkeypatch):
    import tensorflow as tf

    from tuner.export.lite import ValidationTexts

    monkeypatch.chdir(folder)
    assert command_line(["export", "whole", "--runs-dir", str(folder), "--out", "model"]) == 0
    best = whole[0].trials.sort_values("val_accuracy", ascending=False, kind="stable").iloc[0]
    model = tf.saved_model.load("model")

    def answer(tokens):
        return np.log(model.signatures["token_ids"](tokens=tf.constant(tokens))["probabilities"].numpy())

    assert ValidationTexts(whole[0].settings).accuracy(answer) == best["val_accuracy"]
    alone = model.signatures["serving_default"](text=tf.constant(["short"]))["probabilities"].numpy()
    beside = model.signatures["serving_default"](text=tf.constant(["short", "a far longer text " * 20]))[
        "probabilities"
    ].numpy()
    np.testing.assert_array_equal(alone[0], beside[0])  # this model does not mask
    assert set(model.signatures["serving_default"](text=tf.constant(["a lovely film", ""]))) == {
        "label", "label_id", "probabilities"
    }  # fmt: skip
    card = (folder / "model" / "README.md").read_text()
    assert f"{best['parameters']:,} parameters" in card
    assert "have changed" not in card


def test_what_cannot_be_exported_is_one_line(folder, whole, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    export = ["export", "whole", "--runs-dir", str(folder)]
    (folder / "own_parts.py").rename(folder / "away.py")
    assert command_line(export) == 2
    assert "own_parts.py cannot be read (No such file or directory); put it back" in capsys.readouterr().err
    (folder / "away.py").rename(folder / "own_parts.py")
    assert not (folder / "exports").exists()


def test_a_module_that_was_changed_is_told_and_one_that_builds_another_model_refused(
    folder, whole, capsys, monkeypatch
):
    parts = folder / "own_parts.py"
    parts.write_text(PARTS + "# a comment\n")
    monkeypatch.chdir(folder)
    assert command_line(["export", "whole", "--runs-dir", str(folder), "--out", "changed"]) == 0
    told = capsys.readouterr().out
    parts.write_text(PARTS.replace("Embedding(vocabulary_size, width)", "Embedding(vocabulary_size, width + 1)"))
    for name in ("own_searched", "own_parts"):  # another process would read them anew
        monkeypatch.delitem(sys.modules, name)
    refused = run_here(folder, "export", "whole", "--out", "refused")
    parts.write_text(PARTS)
    assert "note: the modules of own_searched:build have changed" in told
    assert "have changed since the search began" in (folder / "changed" / "README.md").read_text()
    assert refused.returncode == 2
    assert "whose weights do not fit; bring its module back as it was" in refused.stderr
    assert not (folder / "refused").exists()


def test_a_module_whose_space_has_changed_is_refused(folder, whole):
    module = folder / "own_searched.py"
    module.write_text(MODULE.replace('"depth", 1, 2', '"depth", 1, 3'))
    result = run_here(folder, "resume", "whole", "--trials", "12")
    module.write_text(MODULE)
    assert result.returncode == 2
    assert result.stderr.startswith(
        "error: --hypermodel own_searched:build: its space has changed since the search whole"
    )
