"""Rivals beside the trials of a search: in journal and folder, without a change to the trials."""

import numpy as np
import pytest

from analysis import load
from support.searches import assert_same_decisions, call, search, write_reviews
from tuner.rivals.linear_model import read_model
from tuner.rivals.names import RIVALS
from tuner.runs.events import RivalEnded
from tuner.runs.journal import read_journal
from tuner.runs.predictions import read_validation

pytestmark = pytest.mark.ray


def rivals_of(folder) -> list[RivalEnded]:
    return [event for event in read_journal(folder / "journal.jsonl") if isinstance(event, RivalEnded)]


def test_a_search_fits_rivals_once_and_its_trials_stay_what_they_are(tmp_path):
    data = write_reviews(tmp_path / "reviews.csv", 600)
    small = ["--trials", "2", "--epochs", "2"]
    with_rivals = call(tmp_path, *search(data, "with", *small, "--rivals"), quick=True)
    without = call(tmp_path, *search(data, "without", *small), quick=True)
    assert (with_rivals.returncode, without.returncode) == (0, 0), with_rivals.stderr + without.stderr
    assert_same_decisions(tmp_path / "with", tmp_path / "without")
    assert rivals_of(tmp_path / "without") == []

    ended = rivals_of(tmp_path / "with")
    assert [event.rival for event in ended] == list(RIVALS)
    for event in ended:
        assert event.error is None
        assert event.val_metrics["accuracy"] > 0.5
        folder = load(tmp_path / "with").folder
        assert read_model(folder.rival(event.rival)).parameters == event.parameters
        kept = read_validation(folder.validation(event.rival), ("negative", "positive"))
        assert kept.right.sum() / kept.support.sum() == pytest.approx(event.val_metrics["accuracy"])

    more = call(tmp_path, "resume", "with", "--trials", "3", quick=True)
    assert more.returncode == 0, more.stderr
    assert rivals_of(tmp_path / "with") == ended


def test_a_rival_that_fails_is_recorded_and_the_search_goes_on(monkeypatch):
    import ray

    from tuner.search.ray_tune import rivals

    class Store:
        class search_state:  # noqa: N801
            rivals: dict[str, RivalEnded] = {}  # noqa: RUF012

        def __init__(self):
            self.events = []

        def record(self, event):
            self.events.append(event)

    def failing(_):
        raise ray.exceptions.RayTaskError("_fit", "ray::_fit()\nMemoryError: no room", MemoryError("no room"))

    monkeypatch.setattr("ray.wait", lambda tasks, timeout: (tasks, []))
    monkeypatch.setattr("ray.get", failing)
    task = rivals.RivalsOfSearch.__new__(rivals.RivalsOfSearch)
    task._store, task._names, task._task = Store(), RIVALS, object()
    task.take_in()
    assert task.are_done
    assert [(event.rival, event.error) for event in task._store.events] == [
        (name, "MemoryError: no room") for name in RIVALS
    ]


def test_confirm_evaluates_rivals_once_beside_the_trials(tmp_path):
    data = write_reviews(tmp_path / "reviews.csv", 600)
    assert call(tmp_path, *search(data, "r", "--trials", "1", "--epochs", "1", "--rivals"), quick=True).returncode == 0
    found = call(tmp_path, "confirm", "r", "--repeats", "2", "--top", "1", quick=True)
    assert found.returncode == 0, found.stderr
    assert all(name in found.stdout for name in RIVALS)
    repeats = load(tmp_path / "r").repeats
    assert {"nb-svm": 1, "logistic-regression": 1}.items() <= repeats.groupby("model").size().to_dict().items()
    again = call(tmp_path, "confirm", "r", "--repeats", "2", "--top", "1", quick=True)
    assert again.returncode == 0, again.stderr
    assert len(load(tmp_path / "r").repeats) == len(repeats)


@pytest.mark.tensorflow
def test_a_rival_is_exported_and_predicts_from_raw_strings(tmp_path):
    data = write_reviews(tmp_path / "reviews.csv", 600)
    assert call(tmp_path, *search(data, "r", "--trials", "1", "--epochs", "1", "--rivals"), quick=True).returncode == 0
    exported = call(tmp_path, "export", "r", "--trial", "nb-svm", "--out", str(tmp_path / "model"))
    assert exported.returncode == 0, exported.stderr
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "NB-SVM" in card
    assert "Regularization was chosen" in card

    from tuner.export.predictor import Predictor
    from tuner.search.prepare import prepare_again

    run = load(tmp_path / "r")
    prepared = prepare_again(run.settings)
    texts = [prepared.dataset.texts[int(row)] for row in prepared.splits.validation]
    kept = read_validation(run.folder.validation("nb-svm"), run.settings.data.label_names)
    found = [one.probabilities for one in Predictor(tmp_path / "model").predict(texts)]
    np.testing.assert_allclose(found, np.exp(kept.log_probabilities), atol=1e-3)

    refused = call(tmp_path, "export", "r", "--trial", "nb-svm", "--format", "keras", "--out", str(tmp_path / "k"))
    assert refused.returncode == 2
    assert "--format" in refused.stderr
