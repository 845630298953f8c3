"""The frontier scheduler in an experiment of Ray Tune whose trainable knows nothing of this package."""

import json
import math
from types import SimpleNamespace

import pyarrow.fs
import pytest

from support.covering import examples
from tuner.search.schedulers.halving import StoppingHalving
from tuner.search.schedulers.scheduler import Decision, Metrics
from tuner.search.schedulers.selection import nearest_the_frontier

pytestmark = pytest.mark.ray

CURVES = {"small": (0.50, 10), "medium": (0.70, 100), "large": (0.90, 1_000), "useless": (0.40, 2_000)}
"""Value at every report, and cost."""


def scheduler(**changes):
    from tuner.search.ray_tune import FrontierScheduler

    made = FrontierScheduler(**{"metric": "value", "cost": "cost", "max_t": 9, "grace_period": 1, **changes})
    made.set_search_properties(None, None)
    return made


def controller_at(folder, names):
    storage = SimpleNamespace(experiment_fs_path=str(folder), storage_filesystem=pyarrow.fs.LocalFileSystem())
    trials = {name: SimpleNamespace(trial_id=name, storage=storage) for name in names}
    return SimpleNamespace(get_trials=lambda: list(trials.values())), trials


def report(made, controller, trial, iteration, value, cost, key="training_iteration"):
    return made.on_trial_result(controller, trial, {key: iteration, "value": value, "cost": cost})


def test_its_decisions_are_those_of_our_own_scheduler(tmp_path):
    import numpy as np

    for seed in range(examples(20)):
        rng = np.random.default_rng(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        controller, trials = controller_at(folder, [str(number) for number in range(12)])
        made, ours = scheduler(), StoppingHalving((1, 3), 3, nearest_the_frontier)
        running, values = dict.fromkeys(trials, 0), {name: rng.random(9) for name in trials}
        while running:
            name = str(rng.choice(list(running)))
            running[name] += 1
            value, cost = float(values[name][running[name] - 1]), 10.0 * (1 + int(name))
            expected = ours.report(name, running[name], Metrics(value, cost))
            said = report(made, controller, trials[name], running[name], value, cost)
            if running[name] == 9:
                expected = Decision.STOP
            assert said == expected.name, (seed, name, running[name])
            if said == "STOP":
                del running[name]


def test_small_and_large_go_on_and_what_both_beat_does_not(tmp_path):
    controller, trials = controller_at(tmp_path, CURVES)
    made = scheduler(reduction_factor=2)
    said = {name: report(made, controller, trials[name], 1, *CURVES[name]) for name in CURVES}
    assert said == {"small": "CONTINUE", "medium": "CONTINUE", "large": "CONTINUE", "useless": "STOP"}
    assert made.debug_string() == "FrontierScheduler: 1 trials stopped; at the rungs: 4 at 1, 0 at 2, 0 at 4, 0 at 8"


def test_a_report_that_jumps_over_rungs_is_compared_at_each(tmp_path):
    controller, trials = controller_at(tmp_path, "ab")
    made = scheduler(time_attr="step")
    assert report(made, controller, trials["a"], 5, 0.9, 10, key="step") == "CONTINUE"
    assert report(made, controller, trials["b"], 4, 0.8, 20, key="step") == "STOP"
    assert [(each["trial"], each["rung"]) for each in json.loads((tmp_path / "frontier_scheduler.json").read_text())] == [
        ("a", 1), ("a", 3), ("b", 1),
    ]  # fmt: skip


def test_less_can_be_better_and_what_is_no_number_ends(tmp_path):
    controller, trials = controller_at(tmp_path, "abc")
    made = scheduler(mode="min", reduction_factor=2)
    assert report(made, controller, trials["a"], 1, 0.1, 10) == "CONTINUE"
    assert report(made, controller, trials["b"], 1, 0.9, 20) == "STOP"
    assert report(made, controller, trials["c"], 1, math.nan, 5) == "STOP"


def test_a_restored_experiment_goes_on_from_its_rungs_and_another_one_does_not(tmp_path):
    controller, trials = controller_at(tmp_path, ["a", "b", "c"])
    before = scheduler()
    assert report(before, controller, trials["a"], 1, 0.9, 10) == "CONTINUE"
    assert report(before, controller, trials["b"], 1, 0.5, 20) == "STOP"
    after = scheduler()
    assert report(after, controller, trials["a"], 1, 0.1, 10) == "CONTINUE"  # it began anew, and had passed the rung
    assert report(after, controller, trials["b"], 2, 0.5, 20) == "STOP"  # it was stopped as the experiment broke off
    assert report(after, controller, trials["c"], 1, 0.8, 30) == "STOP"  # beaten by "a" as it was before
    other_controller, others = controller_at(tmp_path, ["d"])
    assert report(scheduler(), other_controller, others["d"], 1, 0.1, 1_000) == "CONTINUE"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_t": 0}, "max_t must be at least 1; received 0"),
        ({"grace_period": 0}, "grace_period must be at least 1; received 0"),
        ({"reduction_factor": 1}, "the reduction factor must be at least 2; received 1"),
    ],
)
def test_numbers_out_of_range(changes, message):
    with pytest.raises(ValueError, match=message):
        scheduler(**changes)


def test_reports_that_cannot_be_compared_are_refused(tmp_path):
    controller, trials = controller_at(tmp_path, "a")
    with pytest.raises(
        ValueError, match="a report of trial a has no number 'size'; it has cost, training_iteration, value"
    ):
        report(scheduler(cost="size"), controller, trials["a"], 1, 0.5, 10)
    with pytest.raises(ValueError, match=r"cost of trial a is 0\.0; it must be above 0"):
        report(scheduler(), controller, trials["a"], 1, 0.5, 0)
    with pytest.raises(ValueError, match="has no metric; name it here or in TuneConfig"):
        report(scheduler(metric=None), controller, trials["a"], 1, 0.5, 10)


def test_metric_and_mode_are_named_once():
    from tuner.search.ray_tune import FrontierScheduler

    assert FrontierScheduler(cost="cost", max_t=9).set_search_properties("value", "min")
    assert not FrontierScheduler(cost="cost", max_t=9, metric="value").set_search_properties("value", None)
    assert not FrontierScheduler(cost="cost", max_t=9, mode="min").set_search_properties(None, "min")


def test_an_experiment_of_ray_tune_runs_with_it_and_is_restored(on_shared_ray, tmp_path):
    import ray
    from ray import tune

    from tuner.search.ray_tune import FrontierScheduler

    mended = tmp_path / "mended"

    def train(config):
        if config["value"] == 0.45 and not mended.exists():
            raise RuntimeError("broken")
        for _ in range(4):
            tune.report({"value": config["value"], "cost": config["cost"]})

    costs = {0.9: 1_000, 0.5: 10, 0.45: 20}
    space = {"value": tune.grid_search(list(costs)), "cost": tune.sample_from(lambda spec: costs[spec.config.value])}
    ray.init(address=on_shared_ray["address"], log_to_driver=False, logging_level="error", ignore_reinit_error=True)
    try:
        tuner = tune.Tuner(
            train,
            param_space=space,
            tune_config=tune.TuneConfig(
                metric="value",
                mode="max",
                max_concurrent_trials=1,
                scheduler=FrontierScheduler(cost="cost", max_t=4, grace_period=2, reduction_factor=3),
            ),
            run_config=tune.RunConfig(name="plain", storage_path=str(tmp_path), verbose=0),
        )
        first = tuner.fit()
        assert first.num_errors == 1
        iterations = {each.config["value"]: each.metrics.get("training_iteration") for each in first if not each.error}
        assert iterations[0.9] == 4
        mended.touch()
        again = tune.Tuner.restore(str(tmp_path / "plain"), trainable=train, restart_errored=True).fit()
        found = {each.config["value"]: each.metrics["training_iteration"] for each in again}
        assert again.num_errors == 0
        assert found == {**iterations, 0.45: 2}  # small, but not nearest: it was compared with trials of before
    finally:
        ray.shutdown()
