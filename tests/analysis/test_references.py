from dataclasses import replace
from pathlib import Path

import pytest

import analysis
from analysis import charts, load, references
from analysis.charts.frontier import drawable
from analysis.report.page import render
from support.made_up_runs import made_up_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return load(made_up_run(tmp_path_factory.mktemp("runs") / "r", trials=12, epochs=4).path)


def on(run, source, majority=0.5):
    data = run.settings.data.model_copy(
        update={"source": source, "baseline": {} if majority is None else {"accuracy": majority}}
    )
    return replace(run, settings=run.settings.model_copy(update={"data": data}))


@pytest.mark.parametrize(
    ("source", "known"),
    [
        ("imdb", True),
        ("somewhere/IMDB.parquet", True),
        ("trec.csv", True),
        ("imdb6000.parquet", False),
        ("my-imdb", False),
    ],
)
def test_published_systems_only_of_a_data_set_of_that_very_name(run, source, known):
    found = references(on(run, source))
    assert (found["kind"] == "published").any() == known
    assert found["accuracy"].is_monotonic_decreasing


def test_baselines(run):
    trials = run.trials.copy()
    trials.loc[[3, 4], "config/cell"] = "none"
    best = trials.loc[[3, 4]].sort_values("val_accuracy").iloc[-1]
    found = references(replace(on(run, "corpus", 0.55), trials=trials)).set_index("system")
    assert set(found["kind"]) == {"baseline"}
    assert found.loc["always the most frequent label", ["accuracy", "parameters"]].tolist() == [0.55, 0]
    own = found.loc[f"no recurrent cell (trial {best['trial_id']})"]
    assert (own["accuracy"], own["parameters"]) == (best["val_accuracy"], best["parameters"])
    assert references(on(run, "corpus", None)).empty


def test_averaged_embeddings_of_a_confirmation_are_means_over_repeats():
    run = load(Path(analysis.__file__).parent / "sample_run")
    own = run.repeats[run.repeats["model"] == "averaged-embeddings"]
    found = references(run).query("system == 'averaged-embeddings'").set_index("split")
    assert found.loc["test", "accuracy"] == pytest.approx(own["test_accuracy"].mean())
    assert found.loc["validation", "accuracy"] == pytest.approx(own["val_accuracy"].mean())


def test_the_chart_draws_what_has_a_size_and_is_not_below_all_trials(run):
    found = references(on(run, "imdb"))
    drawn = drawable(found, 0.8)
    assert drawn["parameters"].notna().all()
    assert drawn[drawn["kind"] == "published"]["accuracy"].min() >= 0.8
    assert "always the most frequent label" in drawn["system"].tolist()
    chart = charts.frontier(run.trials, references=found).to_dict()
    shapes = [layer["mark"].get("style") for layer in chart["layer"]]
    assert {"baseline-line", "published", "baseline"} <= set(shapes)
    low, high = chart["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert low < 0.5 < drawn["accuracy"].max() < high


@pytest.mark.slow
def test_the_report_says_where_they_are_from(run):
    page = render(on(run, "imdb"))
    assert "published results on a data set of this name" in page
    assert "Splits, texts and vocabularies may differ" in page
    own = render(on(run, "corpus"))
    assert "In green, baselines: always the most frequent label 50.0" in own
    assert "published results" not in own
