import json
from dataclasses import replace
from inspect import signature
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import tuner as tuner_module
from analysis import forecast, load, scale
from analysis.columns import CONFIG
from analysis.compound_scaling import fitted_power
from search_spaces import Choice, Condition, Formula, LogInteger, Space, TrialConfig, named_space
from search_spaces.documents import space_document
from support.made_up_runs import made_up_run
from tuner.api.run import SearchRun
from tuner.cli.main import run as tuner
from tuner.errors import InputError
from tuner.models.counting import count_parameters
from tuner.runs.settings import GpuSharingSettings, HyperModelSettings, VectorSettings
from tuner.search.plan import build_searcher, plan_of
from tuner.search.scaling import prepare_scaled

WHOLE = Space(
    "whole", {"units": LogInteger(1, 1024), "embedding": LogInteger(1, 1024), "vocabulary": LogInteger(100, 100_000)}
)
DOUBLED = [TrialConfig(units=4 * 2**k, embedding=2 * 2**k, vocabulary=100 * 2**k) for k in range(4)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return load(made_up_run(tmp_path_factory.mktemp("runs") / "made", trials=24, epochs=8).path)


def run_of(made, configs, space=WHOLE, scores=None, **of_data):
    """A run of these configurations, each better than those before it unless scores say otherwise."""
    settings = made.settings.model_copy(
        update={"space": space_document(space), "data": made.settings.data.model_copy(update=of_data)}
    )
    rows = []
    for number, config in enumerate(configs):
        row = made.trials.iloc[number].to_dict() | {CONFIG + key: value for key, value in config.model_dump().items()}
        row["val_accuracy"] = 0.6 + 0.02 * number if scores is None else scores[number]
        row["parameters"] = plan_of(settings).count(config).total
        rows.append(row)
    return replace(made, settings=settings, trials=pd.DataFrame(rows))


def test_a_power_is_found_again():
    sizes = np.array([300.0, 900.0, 1_000.0, 20_000.0])
    power = fitted_power(sizes, 2 * sizes**0.37)
    assert power.exponent == pytest.approx(0.37)
    assert power.factor == pytest.approx(2)
    assert power.at(100_000) == pytest.approx(2 * 100_000**0.37)


def test_a_power_does_not_fall_and_many_points_of_one_size_say_no_more_than_one():
    flat = fitted_power([1, 10, 100], [8, 4, 2])
    assert flat == (pytest.approx(4), 0)  # the weighted mean of the logarithms: the middle weighs as much as both ends
    crowd = fitted_power([1, 10, 10.01, 10.02, 10.03, 100], [1, 10, 10, 10, 10, 1_000])
    assert crowd.exponent == pytest.approx(fitted_power([1, 10, 100], [1, 10, 1_000]).exponent, abs=0.01)


def test_the_exponents_of_a_frontier_are_found_and_gone_on_with(made):
    found = scale(run_of(made, DOUBLED), to=50_000)
    powers = found.powers
    assert (found.cell, found.points) == ("gru", 4)
    # All three double from point to point, which makes the table, most of the parameters, four times as large.
    assert powers["units"].exponent == pytest.approx(powers["embedding"].exponent)
    assert powers["units"].exponent == pytest.approx(powers["vocabulary"].exponent)
    assert 0.4 < powers["units"].exponent < 0.55
    assert powers["layers"] == (pytest.approx(1), 0)
    table = found.table
    assert table["size"].tolist()[-1] == 50_000
    first, second = np.diff(np.log(table["size"]))
    assert first == pytest.approx(second, rel=1e-3)
    assert (abs(table["parameters"] / table["size"] - 1) < 0.01).all()  # whole numbers are fine enough for that
    assert table["units"].tolist() == pytest.approx((2 * table["embedding"]).tolist(), rel=0.1)
    assert table["units"].tolist() == pytest.approx([powers["units"].at(size) for size in table["size"]], rel=0.15)
    assert (table["layers"] == 1).all()


def test_counts_are_exact_and_vocabularies_those_that_the_data_have(made):
    run = run_of(made, DOUBLED, vocabulary_size=1_000)
    found = scale(run, to=60_000)
    plan = plan_of(run.settings)
    assert [count_parameters(plan.network(config)).total for config in found.configs] == found.table[
        "parameters"
    ].tolist()
    assert found.table["vocabulary"].tolist()[-1] == 1_000
    assert found.table["units"].iloc[-1] > found.powers["units"].at(60_000)  # what the words cannot take


def test_a_size_within_the_frontier_is_reached_from_its_smallest_point(made):
    run = run_of(made, DOUBLED)
    sizes = scale(run, to=5_000).table["size"]
    assert run.trials["parameters"].min() < sizes.min() < sizes.max() == 5_000 < run.trials["parameters"].max()


def test_lists_are_kept_to_and_the_rest_is_of_the_nearest_point(made):
    space = named_space("frontier")
    found = scale(made, to=30_000)
    for config in found.configs:
        assert all(value in space.parameters[name] for name, value in space.values(config.model_dump()).items())
        assert config.learning_rate in made.trials[CONFIG + "learning_rate"].tolist()
    assert (abs(found.table["parameters"] / found.table["size"] - 1) <= 0.1).all()


def test_the_kind_of_the_knee_is_fitted_and_another_where_that_has_too_few(made):
    lstms = [TrialConfig(cell="lstm", units=2**k, embedding=2**k, vocabulary=200) for k in range(4)]
    averages = [TrialConfig(cell="none", bidirectional=False, embedding=1, vocabulary=100)]
    scores = [0.5, 0.52, 0.54, 0.56, 0.9, 0.7, 0.71, 0.72, 0.73]
    space = Space("all", {**WHOLE.parameters, "cell": Choice(("gru", "lstm", "none"))})
    assert scale(run_of(made, [*lstms, *averages, *DOUBLED], space, scores), to=5_000).cell == "gru"
    few = run_of(made, [*lstms, *DOUBLED[:2]], space, [0.5, 0.52, 0.54, 0.56, 0.9, 0.91])
    assert scale(few, to=5_000).cell == "lstm"
    with pytest.raises(InputError, match="made has no recurrent network on its frontier"):
        scale(run_of(made, averages, space), to=5_000)


def test_sizes_of_one_network_are_one_row_and_those_that_nothing_has_are_left_out(made):
    space = Space(
        "coarse",
        {"units": Choice((4, 8, 16)), "embedding": Choice((2, 4, 8)), "vocabulary": Choice((100, 200, 400, 1600))},
    )
    run = run_of(made, DOUBLED[:3], space)
    whole = scale(run, to=run.trials["parameters"].max() + 10)
    assert len(whole.table) == len(whole.configs) == 1
    assert whole.left_out == ()
    far = scale(run, to=13_400)
    assert len(far.left_out) + len(far.table) == 3
    assert far.left_out


def test_formulas_follow_and_those_of_variables_are_free(made):
    tied = Space(
        "tied",
        {"units": LogInteger(1, 999), "vocabulary": Choice((100, 400))},
        formulas={"embedding": Formula("units / 2")},
    )
    found = scale(run_of(made, DOUBLED, tied), to=20_000)
    assert found.table["embedding"].tolist() == pytest.approx((found.table["units"] / 2).tolist(), abs=0.5)
    free = scale(run_of(made, DOUBLED, named_space("compound_scaling")), to=20_000)
    assert (abs(free.table["parameters"] / free.table["size"] - 1) < 0.02).all()


def test_conditions_hold_and_combinations_that_mean_nothing_are_passed_over(made):
    deep = Space(
        "deep",
        {"layers": Choice((1, 2)), **WHOLE.parameters, "dropout": Choice((0.3, 0.4))},
        conditions={"dropout": Condition({"layers": (2,)})},
    )
    growing = [TrialConfig(**config.model_dump() | {"layers": 1 + k // 2}) for k, config in enumerate(DOUBLED)]
    found = scale(run_of(made, growing, deep), to=20_000)
    default = TrialConfig().dropout
    assert [config.dropout for config in found.configs] == [default if n == 1 else 0.3 for n in found.table["layers"]]
    assert 2 in found.table["layers"].tolist()
    residual = [
        TrialConfig(cell="elman", residual=True, bidirectional=False, units=2**k, embedding=2**k, vocabulary=100 * 2**k)
        for k in range(1, 5)
    ]
    space = Space(
        "sum",
        {
            **WHOLE.parameters,
            "cell": Choice(("elman",)),
            "residual": Choice((True,)),
            "bidirectional": Choice((False,)),
        },
    )
    found = scale(run_of(made, residual, space), to=20_000)
    assert (found.table["units"] == found.table["embedding"]).all()


def test_words_without_vectors_of_their_own_have_no_width_to_scale(made):
    space = Space(
        "one", {"input": Choice(("one_hot",)), "units": LogInteger(1, 999), "vocabulary": LogInteger(50, 9_999)}
    )
    one_hot = [TrialConfig(input="one_hot", units=2**k, vocabulary=50 * 2**k) for k in range(1, 5)]
    found = scale(run_of(made, one_hot, space), to=90_000)
    assert set(found.powers) == {"layers", "units", "vocabulary"}
    assert (found.table["embedding"] == 0).all()


@pytest.mark.parametrize(
    ("to", "message"),
    [
        (300, "to=300: the smallest network of made's frontier has 401 parameters already"),
        (10**7, r"to=10000000: the largest network of made has .* give at most .*, or search farther first"),
        (
            40_000,
            r"to=40000: no gru network of the space lists comes within 10% of it; the nearest has 12,129 .*: give `to=12129`",
        ),
    ],
)
def test_sizes_that_cannot_be_are_refused(made, to, message):
    lists = Space(
        "lists", {"units": Choice((4, 8, 16)), "embedding": Choice((2, 4, 8)), "vocabulary": Choice((100, 200, 1200))}
    )
    run = run_of(made, [*DOUBLED[:3], TrialConfig(cell="lstm", units=64)], lists, [0.6, 0.7, 0.8, 0.5])
    with pytest.raises(InputError, match=message) as refusal:
        scale(run, to=to)
    if to == 40_000:
        nearest = int(str(refusal.value).split("`to=")[1].split("`")[0])
        assert scale(run, to=nearest).table["parameters"].iloc[-1] == pytest.approx(nearest, rel=0.1)


def test_runs_that_do_not_bear_it_are_refused(made):
    with pytest.raises(
        InputError, match=r"made has 2 sizes of gru networks .*python -m tuner resume .*made` and `trials=48`"
    ):
        scale(run_of(made, DOUBLED[:2]), to=5_000)
    custom = made.settings.model_copy(update={"hypermodel": HyperModelSettings.model_construct()})
    with pytest.raises(InputError, match="made is of a custom model, whose layers are not known"):
        scale(replace(made, settings=custom), to=5_000)


def test_forecasts_are_those_of_forecast_and_where_there_are_none_it_is_said(made):
    largest = int(made.trials["parameters"].max())
    found = scale(replace(made, settings=run_of(made, DOUBLED).settings), to=2 * largest)
    assert found.no_forecast is None
    assert found.table["low"].notna().tolist() == (found.table["parameters"] > largest).tolist()
    assert found.table["low"].notna().any()
    for _, row in found.table[found.table["parameters"] > largest].iterrows():
        expected = forecast(made, params=int(row["parameters"])).iloc[1]
        assert row[["val_accuracy", "low", "high"]].tolist() == expected[["val_accuracy", "low", "high"]].tolist()
    short = scale(replace(made, epochs=made.epochs[made.epochs["epoch"] == 1]), to=30_000)
    assert "has one epoch a trial" in short.no_forecast
    assert short.table["low"].isna().all()


def test_pretrained_vectors_keep_their_width(made):
    space = Space("vectors", {**WHOLE.parameters, "vectors": Choice(("trained",))})
    configs = [TrialConfig(vectors="trained", embedding=50, units=2**k, vocabulary=100 * 2**k) for k in range(1, 5)]
    vectors = VectorSettings(source="v", width=50, found=9, type_coverage=1, token_coverage=1, fingerprint="0")
    with_vectors = replace(made, settings=made.settings.model_copy(update={"vectors": vectors}))
    table = scale(run_of(with_vectors, configs, space), to=200_000).table
    assert (table["embedding"] == 50).all()
    assert table["units"].is_monotonic_increasing


def test_the_bound_of_a_space_is_kept(made):
    bounded = Space("bounded", WHOLE.parameters, max_params=18_000)
    assert scale(run_of(made, DOUBLED, bounded), to=19_000).table["parameters"].iloc[-1] <= 18_000


def test_the_command_prints_what_python_gives(made, capsys):
    place = str(made.folder.path)
    assert tuner(["scale", place, "--to", "0.03M", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    found = SearchRun(made.folder).scale(to=30_000)
    assert document["exponents"] == {name: power.exponent for name, power in found.powers.items()}
    assert [row["parameters"] for row in document["configurations"]] == found.table["parameters"].tolist()
    assert [TrialConfig(**row["config"]) for row in document["configurations"]] == list(found.configs)
    assert tuner(["scale", place, "--to", "30k"]) == 0
    printed = capsys.readouterr().out
    assert f"{found.table['parameters'].iloc[-1]:,}" in printed
    assert f"next: python -m tuner scale {made.folder.reference} --to 30000 --train" in printed
    assert tuner(["scale", place, "--to", "1G"]) == 2
    assert tuner(["scale", place, "--to", "9M"]) == 2
    assert "error: --to 9000000: the largest network" in capsys.readouterr().err
    assert tuner(["scale", place, "--to", "30k", "--name", "larger"]) == 2
    assert "error: --name larger: is for what is trained; add --train" in capsys.readouterr().err


NO_DATA = SimpleNamespace(encoded=None, notes=())


@pytest.fixture
def data(monkeypatch):
    monkeypatch.setattr("tuner.search.scaling.prepare_again", lambda settings, no_cache: NO_DATA)


@pytest.mark.usefixtures("data")
def test_what_is_trained_are_these_configurations_alone(made, tmp_path):
    configs = scale(made, to=30_000).configs
    sharing = GpuSharingSettings(trials=4, needed=1, memory=4)
    before = made.settings.model_copy(
        update={
            "max_params": 10_000, "portfolio": 2, "by_turns": 2, "repeats": 2, "stop_when_stable": True, "track": ("mlflow",),
            "points_to_evaluate": (configs[0].model_dump(),),
            "resources": made.settings.resources.model_copy(update={"gpu_sharing": sharing, "gpus_per_trial": 0.25}),
        }
    )  # fmt: skip
    settings = prepare_scaled(before, configs, tmp_path, name=None, data=None, no_cache=False).settings
    searcher = build_searcher(settings)
    proposed = [searcher.propose(index, ()) for index in range(settings.trials)]
    assert proposed == [config for config in configs for _ in range(2)]
    assert (settings.name, settings.warm_start) == ("made-scaled", "made")
    assert (settings.portfolio, settings.by_turns) == (0, 0)
    assert (settings.max_params, settings.scheduler.name, settings.stop_when_stable) == (None, "none", False)
    assert (settings.resources.gpus_per_trial, settings.resources.gpu_sharing, settings.track) == (1, None, ())
    assert (settings.data, settings.space, settings.epochs) == (before.data, before.space, before.epochs)
    (tmp_path / "made-scaled").mkdir()
    with pytest.raises(InputError, match=r"name='made-scaled': the run .* exists"):
        prepare_scaled(before, configs, tmp_path, name=None, data=None, no_cache=False)
    assert prepare_scaled(before, configs, tmp_path, name="b", data=None, no_cache=False).settings.name == "b"


@pytest.mark.usefixtures("data")
def test_the_command_trains_them(made, tmp_path, capsys, monkeypatch):
    seen, ends = [], [0, 7]

    def run_prepared(prepared, runs_dir, *, dry_run, as_json, on_stderr):
        seen.append((prepared.settings, runs_dir, dry_run, as_json, on_stderr))
        return ends[len(seen) - 1]

    def confirm_command(run, runs_dir, *, top, by, repeats, **others):
        seen.append((run, runs_dir, top, by, repeats, others["as_json"]))
        return 5

    monkeypatch.setattr("tuner.cli.search.run_prepared", run_prepared)
    monkeypatch.setattr("tuner.cli.confirm.confirm_command", confirm_command)
    options = ["--to", "30k", "--train", "--name", "larger", "--json", "--runs-dir", str(tmp_path)]
    assert tuner(["scale", str(made.folder.path), *options, "--repeats", "4"]) == 5
    (settings, *others), confirmed = seen
    configs = scale(made, to=30_000).configs
    assert (settings.name, *others) == ("larger", tmp_path, False, False, True)
    assert [TrialConfig(**point) for point in settings.points_to_evaluate] == list(configs)
    assert confirmed == ("larger", tmp_path, len(configs), "metric", 4, True)
    shown = capsys.readouterr()
    assert shown.out == ""  # the confirmation's JSON alone
    assert "fitted to" in shown.err
    seen[:], ends[0] = [], 7  # an interrupted search is not confirmed
    assert tuner(["scale", str(made.folder.path), *options]) == 7
    assert len(seen) == 1
    seen[:], ends[0] = [], 0
    assert tuner(["scale", str(made.folder.path), *options, "--repeats", "0"]) == 0
    assert seen[0][1:] == (tmp_path, False, True, True)
    assert tuner(["scale", str(made.folder.path), *options, "--repeats", "1"]) == 2
    assert "error: --repeats 1: a single training has no interval" in capsys.readouterr().err


@pytest.mark.usefixtures("data")
def test_python_trains_and_confirms_them_too(made, tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(
        "tuner.operations.searches.start_search", lambda prepared, runs_dir, *others, **more: done.append(prepared)
    )
    monkeypatch.setattr("tuner.api.functions.confirm", lambda run, **options: done.append((run.name, options)))
    run = tuner_module.scale(made.folder.path, to=30_000, name="larger", runs_dir=tmp_path, repeats=2, progress=False)
    configs = scale(made, to=30_000).configs
    assert [TrialConfig(**point) for point in done[0].settings.points_to_evaluate] == list(configs)
    assert (run.name, run.path) == ("larger", str(tmp_path / "larger"))
    assert done[1] == (
        "larger",
        {"top": len(configs), "by": "metric", "repeats": 2, "data": None, "progress": False},
    )
    with pytest.raises(InputError, match="repeats=1: a single training has no interval"):
        tuner_module.scale(made.folder.path, to=30_000, repeats=1)
    assert {"to", "name", "repeats", "data", "no_cache", "runs_dir"} <= set(signature(tuner_module.scale).parameters)
