"""Errors of a trial on its validation texts: mistakes, confusions, groups of texts, labels that are probably wrong."""

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.errors import Evaluated, confused, disagreement, evaluated, mistakes
from analysis.label_errors import label_errors
from analysis.slices import by_column, by_length, by_unknown, ranges, sliced
from support.made_up_runs import made_up_run
from tuner.errors import InputError
from tuner.measures import Predictions, wilson_interval
from tuner.metrics import METRICS
from tuner.runs.predictions import pack_validation

NAMES = ("no", "so", "yes")


def predictions(probabilities, labels, names=NAMES):
    probabilities = np.array(probabilities, float)
    with np.errstate(divide="ignore"):
        return Predictions(np.array(labels), probabilities.argmax(1), np.log(probabilities), names)


FOUND = predictions(
    [[0.9, 0.1, 0.0], [0.2, 0.1, 0.7], [0.0, 0.05, 0.95], [0.3, 0.6, 0.1], [0.1, 0.2, 0.7], [0.4, 0.3, 0.3]],
    [0, 0, 0, 1, 2, 1],
)
TEXTS = pd.DataFrame(
    {
        "text": list("abcdef"),
        "file": "data.csv",
        "row": range(11, 17),
        "words": [3, 4, 5, 6, 0, 8],
        "unknown": [0.0, 0.05, 0.5, 0.1, np.nan, 0.2],
    }
)


def test_mistakes_are_the_wrong_answers_with_their_rows_the_surest_first():
    table = mistakes(Evaluated("00000", (1,), FOUND).table(TEXTS))
    assert table["row"].tolist() == [13, 12, 16]
    assert table["label"].tolist() == ["no", "no", "so"]
    assert table["predicted"].tolist() == ["yes", "yes", "no"]
    assert table["confidence"].tolist() == pytest.approx([0.95, 0.7, 0.4])


def test_pairs_of_classes_are_counted_with_their_surest_example():
    table = Evaluated("00000", (1,), FOUND).table(TEXTS)
    found = confused(table)
    assert found[["label", "predicted", "texts"]].to_numpy().tolist() == [["no", "yes", 2], ["so", "no", 1]]
    assert found["share"].tolist() == pytest.approx([2 / 3, 1 / 2])
    assert [table.loc[places[0], "text"] for places in found["examples"]] == ["c", "f"]


def test_a_trial_that_is_never_wrong_confuses_nothing():
    table = Evaluated("00000", (1,), predictions([[1, 0, 0]], [0])).table(TEXTS.head(1))
    assert mistakes(table).empty
    assert confused(table).empty


def test_groups_have_their_counts_accuracies_and_intervals():
    found = sliced(FOUND, pd.Series(["web", "web", "web", "web", "mail", "mail"]))
    assert found["group"].tolist() == ["web", "mail"]
    assert found["texts"].tolist() == [4, 2]
    assert found["accuracy"].tolist() == [0.5, 0.5]
    assert found.loc[0, ["low", "high"]].tolist() == pytest.approx(wilson_interval(0.5, 4))


def test_groups_show_the_metric_of_the_run_too():
    found = sliced(FOUND, pd.Series(["a"] * 6), METRICS["log_loss"].objective)
    right = [0.9, 0.2, 1e-300, 0.6, 0.7, 0.3]
    finite = predictions(np.maximum(np.exp(FOUND.log_probabilities), 1e-300), FOUND.labels)
    assert np.isnan(found["log_loss"].iloc[0])  # a probability of exactly 0 has no logarithm
    again = sliced(finite, pd.Series(["a"] * 6), METRICS["log_loss"].objective)
    assert again["log_loss"].iloc[0] == pytest.approx(-np.mean(np.log(right)))


def test_a_text_without_words_is_a_group_of_its_own():
    assert by_length(TEXTS["words"]).tolist()[4] == "no words"
    groups = by_unknown(TEXTS["unknown"])
    assert groups.tolist() == ["none", "0% to 5%", "25% to 100%", "5% to 10%", "no words", "10% to 25%"]
    assert sliced(FOUND, groups)["group"].tolist()[-1] == "no words"


def test_texts_that_all_lack_words_are_one_group():
    assert set(by_length(pd.Series([0, 0]))) == {"no words"}


def test_ranges_hold_about_as_many_texts_each_and_every_number():
    numbers = pd.Series(range(1, 101))
    found = ranges(numbers)
    assert found.value_counts(sort=False)[lambda counts: counts > 0].tolist() == [20] * 5
    assert found.iloc[0] == "1 to 20"
    assert found.iloc[20] == "over 20 to 40"
    assert set(ranges(pd.Series([7, 7, 7]))) == {"7 to 7"}


def test_a_column_of_many_values_is_grouped():
    assert set(by_column(pd.Series(["a", None, " "], dtype=object))) == {"a", "(missing)"}
    assert by_column(pd.Series([1, 2, 2], dtype=object)).tolist() == ["1", "2", "2"]
    assert by_column(pd.Series(range(100), dtype=object)).iloc[99] == "over 79 to 99"
    many = by_column(pd.Series([f"user{number}" for number in range(30)] + ["user0"], dtype=object))
    assert many.value_counts()["(others: 10 values)"] == 10


def test_labels_count_as_wrong_by_the_mean_confidence_of_the_other_class():
    # Class 0 is given 0.8 on average, and no text of class 1 reaches that.
    found = predictions([[0.9, 0.1], [0.7, 0.3], [0.3, 0.7], [0.45, 0.55], [0.6, 0.4]], [0, 0, 1, 1, 1], ("no", "yes"))
    flipped = predictions(
        [[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.2, 0.8], [0.05, 0.95]], [0, 0, 1, 1, 0], ("no", "yes")
    )
    assert not label_errors(found)["likely"].any()
    table = label_errors(flipped)
    assert table.index[0] == 4
    assert table.iloc[0][["given", "suggested", "likely"]].tolist() == ["no", "yes", True]
    assert table.iloc[0]["score"] == pytest.approx(0.95)
    assert table["likely"].sum() == 1


def test_flipped_labels_come_first():
    generator = np.random.default_rng(0)
    true = generator.integers(0, 3, 1000)
    logits = generator.normal(size=(1000, 3)) + 6 * np.eye(3)[true]
    flipped = generator.choice(1000, 30, replace=False)
    labels = true.copy()
    labels[flipped] = (labels[flipped] + 1 + generator.integers(0, 2, 30)) % 3
    table = label_errors(Predictions.of_logits(logits, labels, NAMES))
    assert len(set(table.index[:50]) & set(flipped)) >= 29
    wrong = table.loc[flipped]
    assert (wrong["suggested"] == np.array(NAMES)[true[flipped]]).mean() > 0.9


def test_a_class_without_texts_is_never_suggested():
    table = label_errors(predictions([[0.2, 0.1, 0.7], [0.9, 0.05, 0.05]], [0, 0]))
    assert not table["likely"].any()


@pytest.fixture
def run(tmp_path):
    return analysis.load(str(made_up_run(tmp_path / "made_up", trials=6, epochs=2).path))


def keep(run, trial, found):
    run.folder.validation(trial).parent.mkdir(parents=True, exist_ok=True)
    run.folder.validation(trial).write_bytes(pack_validation(found))


def test_the_best_trial_whose_predictions_are_kept_is_judged(run):
    names = run.settings.data.label_names
    ids = analysis.rank(run.trials)["trial_id"].tolist()
    keep(run, ids[1], predictions([[0.9, 0.1], [0.2, 0.8]], [0, 0], names))
    found = evaluated(run)
    assert (found.trial, found.folds) == (ids[1], (1,))
    assert found.found.predicted.tolist() == [0, 1]
    assert evaluated(run, str(int(ids[1]))).trial == ids[1]


def test_a_run_without_predictions_says_what_gives_some(run):
    with pytest.raises(
        InputError, match=r"a new search keeps them, and `python -m tuner confirm .*` gives those of the test"
    ):
        evaluated(run)
    with pytest.raises(InputError, match="has no such trial; give one of '00000'"):
        evaluated(run, "77")


def test_the_ends_of_the_frontier_are_compared(run):
    names = run.settings.data.label_names
    front = analysis.frontier(run.trials)["trial_id"].tolist()
    assert disagreement(run) is None
    keep(run, front[0], predictions([[0.4, 0.6], [0.1, 0.9], [0.9, 0.1]], [0, 0, 0], names))
    assert disagreement(run) is None
    keep(run, front[-1], predictions([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], [0, 0, 0], names))
    found = disagreement(run)
    assert (found.small, found.large, found.gained, found.lost) == (front[0], front[-1], [1, 0], 1)
