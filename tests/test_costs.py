"""Costs of trials in closed form, and ranking against them on the command line and in Python."""

import json
import math
import re
from pathlib import Path

import pandas as pd
import pytest

import analysis
from analysis import charts
from analysis.costs import COSTS
from search_spaces.config import TrialConfig
from tuner.api.run import SearchRun
from tuner.cli.main import run
from tuner.costs import with_cost, with_costs
from tuner.errors import InputError
from tuner.models.counting import multiply_adds
from tuner.runs.folder import RunFolder
from tuner.search.plan import plan_of


@pytest.fixture
def loaded(run_path):
    return analysis.load(run_path)


def test_every_trial_has_its_costs(loaded):
    from support.exported_run import TRIALS
    from tuner.data.encoder import Encoder
    from tuner.data.word_order import load_order

    found = with_costs(loaded)
    words = Encoder.load(loaded.folder.encoder).vocabulary.words
    by_order = {
        "frequency": words,
        "informative": [words[place - 2] for place in load_order(loaded.folder.encoder)[2:]],
    }
    assert by_order["informative"] != list(words)
    mean, plan = loaded.settings.data.mean_tokens, plan_of(loaded.settings)
    assert 1 < mean < 10  # of at most ten tokens
    for (_, values), (_, row) in zip(TRIALS, found.candidates.iterrows(), strict=True):
        config = TrialConfig(**values)
        network = plan.network(config)
        assert row["multiply_adds"] == round(multiply_adds(network, mean))
        known = by_order[config.vocabulary_order][: network.vocabulary - 2]
        assert row["bytes"] == 4 * row["parameters"] + sum(len(word.encode()) + 4 for word in known)
    assert str(found.trials["multiply_adds"].dtype) == str(found.trials["bytes"].dtype) == "Int64"


def test_a_run_of_before_counts_texts_of_full_length(loaded):
    from dataclasses import replace

    data = loaded.settings.data.model_copy(update={"mean_tokens": None})
    before = with_costs(replace(loaded, settings=loaded.settings.model_copy(update={"data": data})))
    assert (before.trials["multiply_adds"] > with_costs(loaded).trials["multiply_adds"]).all()


def test_frontier_and_knee_are_against_the_cost(loaded, run_path, capsys):
    found = with_costs(loaded)
    candidates = found.candidates
    for cost in ("multiply_adds", "bytes"):
        by_hand = [
            row["trial_id"]
            for _, row in candidates.sort_values(cost).iterrows()
            if not (
                (candidates["val_accuracy"] >= row["val_accuracy"])
                & (candidates[cost] <= row[cost])
                & (candidates["trial_id"] != row["trial_id"])
            ).any()
        ]
        assert analysis.frontier(candidates, cost=cost)["trial_id"].tolist() == by_hand
        assert run(["rank", str(run_path), "--cost", cost, "--by", "frontier", "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert [one["trial_id"] for one in document["trials"] if one["on_frontier"]] == by_hand
        assert document["knee"] == analysis.knee(candidates, cost=cost)
        assert document["trials"][0][cost] == candidates.set_index("trial_id")[cost][by_hand[0]]
        ours = SearchRun(RunFolder(run_path))
        assert ours.frontier(cost=cost)["trial_id"].tolist() == by_hand
        assert ours.rank(by="frontier", cost=cost)["trial_id"].tolist()[: len(by_hand)] == by_hand
    turned = candidates.assign(bytes=candidates["bytes"].max() + 1 - candidates["bytes"])
    assert analysis.frontier(turned, cost="bytes")["trial_id"].tolist() != by_hand


def test_recommendation_steps_area_and_chart_are_against_the_cost(loaded):
    trials = with_costs(loaded).candidates
    front = analysis.frontier(trials, cost="bytes")
    worst = COSTS["bytes"].worst
    edges = [*front["bytes"].tolist(), worst]
    area = sum(
        value * math.log10(right / left)
        for value, left, right in zip(front["val_accuracy"], edges, edges[1:], strict=False)
    )
    assert analysis.hypervolume(trials, cost="bytes") == pytest.approx(area)
    steps = analysis.accuracy_costs(trials, cost="bytes")
    assert steps["bytes_added"].tolist()[1:] == front.drop_duplicates("bytes")["bytes"].diff().tolist()[1:]
    decision = analysis.recommend(trials, cost="bytes")
    assert decision.chosen["trial_id"] == analysis.knee(trials, cost="bytes")
    assert f"validation accuracy with {decision.chosen['bytes']:,} bytes" in decision.sentence
    names = ["system", "kind", "accuracy", "parameters", "split", "source"]
    rival = pd.DataFrame([("nb-svm", "rival", 0.9, 500, "validation", "")], columns=names)
    references = pd.concat([analysis.references(loaded), rival])
    by_bytes, by_size = (
        json.dumps(charts.frontier(trials, cost=cost, references=references).to_dict())
        for cost in ("bytes", "parameters")
    )
    assert "bytes (logarithmic)" in by_bytes
    assert "always the most frequent label" in by_bytes
    assert "nb-svm" in by_size
    assert "nb-svm" not in by_bytes  # its bytes are not known


def test_a_report_against_a_cost(loaded, run_path, tmp_path, capsys):
    page = tmp_path / "report.html"
    assert run(["report", str(run_path), "--cost", "multiply_adds", "--out", str(page)]) == 0
    trials = with_costs(loaded).candidates
    chosen = analysis.recommend(trials, cost="multiply_adds", rivals=loaded.rivals)
    assert " ".join(chosen.sentence.split()) in " ".join(capsys.readouterr().out.split())
    text = page.read_text()
    assert "<h2>Accuracy against multiply-adds</h2>" in text
    assert "of a text of" in text
    knee = trials.set_index("trial_id").loc[analysis.knee(trials, cost="multiply_adds")]
    assert f"<dd>{knee['multiply_adds']:,}</dd>" in text
    assert f'data-key="{knee["bytes"]}">{knee["bytes"]:,}</td>' in text
    assert "--trial frontier --measure" in text
    assert run(["report", str(run_path), "--cost", "latency", "--out", str(page)]) == 2
    assert "no trial of mine was measured; export some with --measure" in capsys.readouterr().err


def test_a_budget_of_bytes(loaded, run_path, capsys):
    sizes = with_costs(loaded).candidates["bytes"].sort_values()
    budget = int(sizes.iloc[2])
    assert len(SearchRun(RunFolder(run_path)).rank(max_bytes=budget)) == 3
    assert run(["rank", str(run_path), "--max-bytes", str(budget), "--cost", "bytes"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "frontier against bytes" in printed
    assert "bytes: an estimate, 4 a parameter" in printed
    assert run(["rank", str(run_path), "--max-bytes", "1"]) == 0
    assert f"the smallest has {sizes.iloc[0]:,} bytes" in " ".join(capsys.readouterr().out.split())


def test_bad_costs_are_said_in_one_line(loaded, run_path, capsys):
    with pytest.raises(
        InputError,
        match="cost='time': is not known; give one of parameters, multiply_adds, bytes, exported",
    ):
        SearchRun(RunFolder(run_path)).rank(cost="time")
    with pytest.raises(InputError, match="no column 'bytes'"):
        analysis.rank(loaded.candidates, max_bytes=5)
    folder = Path(__file__).parent / "analysis" / "imported" / "ray_tune"
    assert run(["rank", str(folder), "--cost", "bytes"]) == 2
    assert capsys.readouterr().err.endswith("is of another tool, which says parameters at most\n")
    assert with_cost(loaded, ["parameters"]) is loaded


def figures(model, milliseconds, processor="one"):
    return {
        "model": model, "bytes": int(1000 * milliseconds), "p50_ms": milliseconds, "p95_ms": 2 * milliseconds,
        "texts_per_second": 9.0, "spread": 0.1, "takes": "raw texts" if model == "SavedModel" else "token ids",
        "processor": processor,
    }  # fmt: skip


def test_measured_costs_are_compared_where_they_were_measured_alike(run_path, tmp_path, capsys):
    from shutil import copytree

    from tuner.costs import record_measured

    folder = RunFolder(Path(copytree(run_path, tmp_path / "mine")))
    assert run(["rank", str(folder.path), "--cost", "latency"]) == 2
    assert capsys.readouterr().err.endswith("export some with --measure, for instance those of --trial frontier\n")
    measured = {
        "00000": [figures("SavedModel", 3.0), figures("model.onnx", 0.1)],
        "00003": [figures("SavedModel", 5.0)],
        "00005": [figures("SavedModel", 1.0, "another"), figures("model.onnx", 0.2)],
        "00006": [figures("SavedModel", 2.0)],
    }
    record_measured(folder, measured)
    record_measured(folder, {"00006": [figures("SavedModel", 2.5)]})
    assert run(["rank", str(folder.path), "--cost", "latency", "--by", "frontier"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    # 00003 is slower than 00000 and less accurate; 00005 was measured on another processor.
    assert [trial in printed.split("mine:")[0] for trial in ("00000", "00003", "00005", "00006")] == [True] * 2 + [
        False,
        True,
    ]
    assert "SavedModel on one; 3 of 7 trials are measured" in printed
    assert re.search(
        r"# trial val acc parameters latency \(ms\) .* 1 00006 0\.7500 [\d,]+ 2\.500 ★ 1/1 completed", printed
    )
    ours = SearchRun(folder)
    assert ours.frontier(cost="latency")["trial_id"].tolist() == ["00006", "00000"]
    assert ours.frontier(cost="exported_bytes")["exported_bytes"].tolist() == [2500, 3000]
    page = ours.report(tmp_path / "page.html", cost="latency").read_text()
    assert "<h2>Accuracy against latency</h2>" in page
    assert "3 of 7 trials are measured" in page
    assert re.search(
        r">model.onnx</td><td>token ids</td><td class=\"n\"[^>]*>100</td><td class=\"n\"[^>]*>0.100</td>", page
    )
    assert "On one thread of one, another, in processes" in page
    (folder.path / "costs.json").write_text("{")
    assert run(["rank", str(folder.path), "--cost", "latency"]) == 2
    assert "costs.json: is damaged" in capsys.readouterr().err
