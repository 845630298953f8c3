"""Rivals beside the trials of a search: in journal and folder, without a change to the trials."""

import shutil

import numpy as np
import pytest

from analysis import load
from support.searches import assert_same_decisions, run_here, search, write_reviews
from tuner.cli.main import run as command_line
from tuner.rivals.linear_model import read_model
from tuner.rivals.names import RIVALS
from tuner.runs.events import RivalEnded
from tuner.runs.journal import read_journal
from tuner.runs.predictions import read_validation

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("on_shared_ray")]

SMALL = ("--trials", "2", "--epochs", "2")


def rivals_of(folder) -> list[RivalEnded]:
    return [event for event in read_journal(folder / "journal.jsonl") if isinstance(event, RivalEnded)]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, on_shared_ray):
    """The folder of a search with rivals."""
    folder = tmp_path_factory.mktemp("rivals")
    data = write_reviews(folder / "reviews.csv", 600)
    found = run_here(folder, *search(data, "with", *SMALL, "--rivals"), quick=True)
    assert found.returncode == 0, found.stderr
    return folder / "with"


def copy_of(run, folder):
    return shutil.copytree(run, folder / "with")


def test_a_search_fits_rivals_once_and_its_trials_stay_what_they_are(fitted, tmp_path):
    without = run_here(tmp_path, *search(fitted.parent / "reviews.csv", "without", *SMALL), quick=True)
    assert without.returncode == 0, without.stderr
    assert_same_decisions(fitted, tmp_path / "without")
    assert rivals_of(tmp_path / "without") == []

    ended = rivals_of(fitted)
    assert [event.rival for event in ended] == list(RIVALS)
    for event in ended:
        assert event.error is None
        assert event.val_metrics["accuracy"] > 0.5
        folder = load(fitted).folder
        assert read_model(folder.rival(event.rival)).parameters == event.parameters
        kept = read_validation(folder.validation(event.rival), ("negative", "positive"))
        assert kept.right.sum() / kept.support.sum() == pytest.approx(event.val_metrics["accuracy"])

    resumed = copy_of(fitted, tmp_path)
    more = run_here(tmp_path, "resume", "with", "--trials", "3", quick=True)
    assert more.returncode == 0, more.stderr
    assert rivals_of(resumed) == ended


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


def test_confirm_evaluates_rivals_once_beside_the_trials(fitted, tmp_path):
    run = copy_of(fitted, tmp_path)
    found = run_here(tmp_path, "confirm", "with", "--repeats", "2", "--top", "1", quick=True)
    assert found.returncode == 0, found.stderr
    assert all(name in found.stdout for name in RIVALS)
    repeats = load(run).repeats
    assert {"nb-svm": 1, "logistic-regression": 1}.items() <= repeats.groupby("model").size().to_dict().items()
    again = run_here(tmp_path, "confirm", "with", "--repeats", "2", "--top", "1", quick=True)
    assert again.returncode == 0, again.stderr
    assert len(load(run).repeats) == len(repeats)


@pytest.mark.tensorflow
def test_a_rival_is_exported_and_predicts_from_raw_strings(fitted, tmp_path, capsys):
    export = ["export", str(fitted), "--trial", "nb-svm"]
    assert command_line([*export, "--out", str(tmp_path / "model")]) == 0
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "NB-SVM" in card
    assert "Regularization was chosen" in card

    from tuner.export.predictor import Predictor
    from tuner.search.prepare import prepare_again

    run = load(fitted)
    prepared = prepare_again(run.settings)
    texts = [prepared.dataset.texts[int(row)] for row in prepared.splits.validation]
    kept = read_validation(run.folder.validation("nb-svm"), run.settings.data.label_names)
    found = [one.probabilities for one in Predictor(tmp_path / "model").predict(texts)]
    np.testing.assert_allclose(found, np.exp(kept.log_probabilities), atol=1e-3)

    capsys.readouterr()
    assert command_line([*export, "--format", "keras", "--out", str(tmp_path / "k")]) == 2
    assert "--format" in capsys.readouterr().err
