"""``search.yaml`` of this version and of earlier ones."""

import pytest
import yaml

from search_spaces.named import named_space
from support.fakes import run_settings
from tuner.data import cache
from tuner.data.pipeline import DataRequest
from tuner.data.reading.columns import Columns
from tuner.runs.settings import read_settings, write_settings
from tuner.search.prepare import prepare_again, prepare_search
from tuner.search.request import SearchRequest
from tuner.search.schedulers.options import SchedulerOptions


def test_a_run_of_before_is_read_with_its_one_text_column_and_its_split(tmp_path):
    content = run_settings().model_dump(mode="json")
    content["data"] = {**content["data"], "text_column": "review"}
    for later in ("fold_labels", "min_class_count", "drop_rare", "majority_split"):
        del content["data"][later]
    (tmp_path / "search.yaml").write_text(yaml.safe_dump(content))
    data = read_settings(tmp_path / "search.yaml").data
    assert data.text_column == ("review",)
    assert not data.majority_split


@pytest.mark.parametrize("cached", [False, True])
def test_the_data_of_a_search_are_read_again_as_they_were(tmp_path, monkeypatch, cached):
    monkeypatch.setenv("FRONTIER_TUNER_CACHE", str(tmp_path / "cache"))
    rows = [f"head{i % 9},body{i % 7} {i},{'aAb'[i % 3]}" for i in range(120)] + ["head,body,lonely"]
    (tmp_path / "d.csv").write_text("\n".join(["title,body,label", *rows]))
    columns = Columns(("title", "body"))
    data = DataRequest(str(tmp_path / "d.csv"), tmp_path, 0, False, 1, 1000, 10, columns=columns, fold_labels=True,
                       drop_rare=True)  # fmt: skip
    request = SearchRequest(
        data=data, space=named_space("frontier"), trials=1, epochs=1, searcher="random", objective=None, warm_start=None,
        scheduler=SchedulerOptions("none"), patience=None, seed=0, max_params=None, time_budget=None, cpus_per_trial=1.0,
        gpus_per_trial=0.0, concurrency=1, address=None, name="mine", runs_dir=tmp_path,
    )  # fmt: skip
    if cached:
        monkeypatch.setattr(cache, "SMALLEST", 0)
    prepared = prepare_search(request)
    if cached:
        monkeypatch.setattr(cache, "prepare_data", None)
    write_settings(tmp_path / "search.yaml", prepared.settings)
    settings = read_settings(tmp_path / "search.yaml")
    assert settings == prepared.settings
    assert settings.data.text_column == ("title", "body")
    again = prepare_again(settings)
    assert again.dataset.texts == prepared.data.dataset.texts
    assert again.dataset.label_names == ("A", "b")
    assert again.splits.test.tolist() == prepared.data.splits.test.tolist()
