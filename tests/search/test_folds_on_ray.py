"""A search on folds as a user starts it, with networks that are trained, and all that follows it."""

import json

import pytest

from analysis import load
from support.searches import run_here, search, write_reviews
from tuner.cli.main import run as command_line

pytestmark = [pytest.mark.ray, pytest.mark.tensorflow, pytest.mark.usefixtures("on_shared_ray")]


def test_a_search_on_folds_is_ranked_confirmed_exported_and_predicts(tmp_path):
    data = write_reviews(tmp_path / "reviews.csv", examples=240)
    asked = ["--folds", "3", "--trials", "2", "--epochs", "1", "--scheduler", "none"]
    result = run_here(tmp_path, *search(data, "folded", *asked))
    assert result.returncode == 0, result.stderr
    assert "6 (2 configurations on 3 folds, fewer where they fall behind)" in " ".join(result.stdout.split())
    run = load(tmp_path / "folded")
    assert run.settings.folds.count == 3
    assert sum(run.settings.folds.texts) == run.settings.data.train + run.settings.data.validation
    assert {"00000": 1, "00001": 2}.items() <= run.trials.set_index("trial_id")["fold"].to_dict().items()
    best = run.candidates.sort_values("val_accuracy", ascending=False).iloc[0]
    assert best["folds"] == 3
    confirmed = run_here(tmp_path, "confirm", "folded", "--top", "1", "--repeats", "2", "--by", "metric", "--json")
    assert confirmed.returncode == 0, confirmed.stderr
    assert best["trial_id"] in [model["model"] for model in json.loads(confirmed.stdout)["models"]]
    assert command_line(["export", str(tmp_path / "folded"), "--out", str(tmp_path / "model")]) == 0
    card = (tmp_path / "model" / "README.md").read_text()
    assert "means over 3 of 3 folds" in card
    assert "of the trial on fold 1, which was trained on the texts of the other folds" in card
    assert command_line(["report", str(tmp_path / "folded")]) == 0
