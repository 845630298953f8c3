"""Folders that Ray Tune and KerasTuner made (``imported/make_folders.py``), whole, running and broken."""

import json
import shutil
from pathlib import Path

import pytest

from analysis import knee, load_keras_tuner, load_ray_tune, load_results, rank
from analysis.report import render
from support.made_up_runs import made_up_run
from tuner.cli.main import run
from tuner.errors import InputError
from tuner.metrics import Objective

FOLDERS = Path(__file__).parent / "imported"


@pytest.fixture
def copy(tmp_path):
    def make(name):
        return Path(shutil.copytree(FOLDERS / name, tmp_path / name))

    return make


def test_ray_tune_counts_the_best_epoch_and_not_the_last():
    found = load_ray_tune(FOLDERS / "ray_tune")
    assert found.trials["status"].value_counts().to_dict() == {"stopped": 4, "completed": 4, "failed": 1}
    best = rank(found.trials, top=1).iloc[0]
    assert (best["val_accuracy"], best["best_epoch"], best["epochs"]) == (pytest.approx(0.8253125), 5, 8)
    assert best["config/optimizer/learning_rate"] == 0.004
    assert best["parameters"] == 5760
    assert found.trials["error"].dropna().tolist() == ["FloatingPointError: the loss is not finite"]
    assert len(found.epochs) == found.trials["epochs"].sum()


def test_keras_tuner_has_means_of_executions_and_sizes_of_checkpoints():
    found = load_keras_tuner(FOLDERS / "keras_tuner")
    assert found.trials["status"].tolist() == ["completed"] * 4 + ["failed", "completed"]
    first = found.trials.iloc[0]
    assert (first["val_accuracy"], first["best_epoch"], first["config/units"]) == (pytest.approx(0.59), 4, 7)
    assert first["parameters"] == 8 * 7 + 7 + 7 + 1
    assert knee(found.trials) == "0"


def test_a_torn_line_and_a_missing_file_are_noted(copy):
    folder = copy("ray_tune")
    trials = sorted(folder.glob("train_*"))
    with (trials[1] / "result.json").open("a") as file:
        file.write('{"val_accuracy": 0.9')
    (trials[3] / "result.json").unlink()
    (trials[3] / "params.json").write_text("{")
    found = load_ray_tune(folder)
    whole = load_ray_tune(FOLDERS / "ray_tune")
    assert found.trials["val_accuracy"].tolist() == whole.trials["val_accuracy"].tolist()
    assert [note.split(":")[0].split(" is ")[0] for note in found.notes] == [
        f"{trials[1].name}/result.json", f"{trials[3].name}/params.json",
    ]  # fmt: skip


def test_a_trial_without_a_last_result_still_runs_and_one_without_any_is_pending(copy):
    folder = copy("ray_tune")
    running, pending = sorted(folder.glob("train_*"))[:2]
    lines = (running / "result.json").read_text().splitlines()
    (running / "result.json").write_text("".join(line + "\n" for line in lines[:1]))
    for name in ("result.json", "progress.csv"):
        (pending / name).write_text("")
    found = load_ray_tune(folder)
    assert found.trials["status"].tolist()[:2] == ["running", "pending"]
    assert found.trials["epochs"].tolist()[:2] == [1, 0]


def test_empty_cells_of_a_csv_file_are_missing_figures(copy):
    folder = copy("ray_tune")
    trial = sorted(folder.glob("train_*"))[1]
    (trial / "result.json").unlink()
    (trial / "progress.csv").write_text(
        "trial_id,training_iteration,val_accuracy,parameters,done\nt,1,0.6,,False\nt,,0.9,720,False\nt,2,,720,True\n"
    )
    found = load_ray_tune(folder)
    row = found.trials.set_index("trial_id").loc["t"]
    assert (row["val_accuracy"], row["epochs"], row["parameters"]) == (0.6, 2, 720)


def test_an_accuracy_that_may_be_of_training_is_noted(tmp_path):
    for name, accuracy in (("train_a", 0.7), ("train_b", 0.8)):
        folder = tmp_path / "r" / name
        folder.mkdir(parents=True)
        (folder / "params.json").write_text(json.dumps({"units": 8}))
        result = {"trial_id": name, "training_iteration": 1, "accuracy": accuracy, "f1": accuracy - 0.1, "done": True}
        (folder / "result.json").write_text(json.dumps(result) + "\n")
    found = load_ray_tune(tmp_path / "r")
    assert found.trials["val_accuracy"].tolist() == [0.7, 0.8]
    assert "which may be that of training" in found.notes[0]
    by_f1 = load_ray_tune(tmp_path / "r", metric="f1")
    assert by_f1.trials["val_f1"].tolist() == pytest.approx([0.6, 0.7])
    assert by_f1.objective == Objective("f1", "max")
    for file in (tmp_path / "r").glob("*/result.json"):
        file.write_text(json.dumps({"trial_id": "t", "training_iteration": 1, "reward": 1.0}) + "\n")
    with pytest.raises(InputError, match="none of its metrics is called an accuracy \\(reward\\)"):
        load_ray_tune(tmp_path / "r")


def test_a_damaged_trial_of_keras_tuner_is_left_out(copy):
    folder = copy("keras_tuner")
    (folder / "trial_1" / "trial.json").write_text('{"trial_id": "1"')
    state = json.loads((folder / "trial_3" / "trial.json").read_text())
    (folder / "trial_3" / "trial.json").write_text(json.dumps({**state, "metrics": None}))
    (folder / "trial_2" / "checkpoint.weights.h5").write_bytes(b"cut")
    found = load_keras_tuner(folder)
    assert found.trials["trial_id"].tolist() == ["0", "2", "4", "5"]
    assert found.notes == (
        "trial_1/trial.json: damaged, left out.",
        "trial_3/trial.json: damaged, left out.",
        "KerasTuner kept the best epoch of each trial alone: there are no learning curves.",
    )
    assert found.trials.set_index("trial_id")["parameters"].isna()["2"]


@pytest.mark.slow
def test_a_report_without_learning_curves_draws_none(copy):
    folder = copy("keras_tuner")
    page = render(load_keras_tuner(folder))
    assert "there are no learning curves" in page
    assert "The best as they learned" not in page


def test_what_is_no_folder_of_theirs_is_one_line(tmp_path):
    for load in (load_ray_tune, load_keras_tuner):
        with pytest.raises(InputError, match="has no trials of"):
            load(tmp_path)
    with pytest.raises(InputError, match=r"metric='f1': .* choose one of loss, parameters, val_accuracy, val_loss"):
        load_ray_tune(FOLDERS / "ray_tune", metric="f1")
    with pytest.raises(InputError, match="is a folder but not a run"):
        load_results(tmp_path)


def by_auc(folder):
    """A project of KerasTuner that pursued an AUC and knew no accuracy: the objective is in no file but by the scores."""
    for file in folder.glob("trial_*/trial.json"):
        file.write_text(file.read_text().replace("accuracy", "auc"))
    return folder


def test_the_objective_of_keras_tuner_is_ranked_by_where_there_is_no_accuracy(copy, capsys):
    whole = load_keras_tuner(FOLDERS / "keras_tuner")
    folder = by_auc(copy("keras_tuner"))
    found = load_keras_tuner(folder)
    assert found.objective == Objective("auc", "max")
    assert found.trials["val_auc"].tolist() == pytest.approx(whole.trials["val_accuracy"].tolist(), nan_ok=True)
    assert rank(found.trials, objective=found.objective)["trial_id"].tolist() == rank(whole.trials)["trial_id"].tolist()
    assert run(["rank", str(folder)]) == 0
    assert "val auc" in capsys.readouterr().out


def test_another_metric_of_theirs_is_ranked_by_as_less_of_it_is_better(copy, capsys):
    folder = str(by_auc(copy("keras_tuner")))
    assert run(["rank", folder, "--json", "--metric", "val_loss"]) == 0
    ranked = json.loads(capsys.readouterr().out)["trials"]
    losses = [trial["val_loss"] for trial in ranked]
    assert losses == sorted(losses)
    assert run(["rank", folder, "--json", "--metric", "val_loss", "--metric-mode", "max"]) == 0
    assert [trial["val_loss"] for trial in json.loads(capsys.readouterr().out)["trials"]] == losses[::-1]


def test_a_metric_is_named_by_the_refusal_that_asks_for_one(copy, capsys):
    folder = by_auc(copy("keras_tuner"))
    for file in folder.glob("trial_*/trial.json"):
        file.write_text(json.dumps({**json.loads(file.read_text()), "score": None}))
    assert run(["rank", str(folder)]) == 2
    error = capsys.readouterr().err
    assert error.endswith("(auc, loss, val_auc, val_loss); name the one to rank by, for instance --metric val_auc\n")
    assert run(["rank", str(folder), *error.split()[-2:]]) == 0


def test_a_run_of_ours_has_a_metric_of_its_own(tmp_path, capsys):
    made_up_run(tmp_path / "mine", trials=3, epochs=2)
    assert run(["rank", str(tmp_path / "mine"), "--metric", "val_loss"]) == 2
    assert capsys.readouterr().err.startswith("error: --metric val_loss: ")


@pytest.mark.slow
def test_a_report_by_auc_says_so(copy):
    page = render(load_keras_tuner(by_auc(copy("keras_tuner"))))
    assert "validation auc of trial" in page
    assert "accura" not in page.partition("<script")[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ray_tune", "keras_tuner"])
def test_rank_and_report_take_them(name, tmp_path, capsys):
    assert run(["rank", str(FOLDERS / name)]) == 0
    assert "knee at" in " ".join(capsys.readouterr().out.split())
    assert run(["report", str(FOLDERS / name), "--out", str(tmp_path / "r.html")]) == 0
    page = (tmp_path / "r.html").read_text()
    assert "read from a folder of" in page
    assert "To repeat it" not in page
