"""The parameters of the functions are the options of the command line."""

import inspect

import click
import pytest

import tuner
from tuner.api import functions
from tuner.api.options import Parameters
from tuner.cli.commands import COMMANDS
from tuner.cli.search_options import search as search_command
from tuner.errors import InputError

NOT_IN_PYTHON = {"as_json", "dry_run", "config"}


@pytest.mark.parametrize("name", ["search", "resume", "confirm", "export"])
def test_every_option_is_a_parameter_with_the_same_default(name):
    command = next(command for command in COMMANDS if command.name == name)
    found = [param for param in command.params if isinstance(param, click.Option) and param.name not in NOT_IN_PYTHON]
    options, spelled = {param.name for param in found}, {param.opts[0][2:].replace("-", "_") for param in found}
    assert spelled <= set(inspect.signature(getattr(tuner, name)).parameters)
    arguments = ["run"] if name != "search" else []
    expected = command.make_context(name, arguments).params
    values = getattr(functions, f"_{name.upper()}").values({})
    assert values == {option: expected[option] for option in values}
    assert set(values) == options - {"data" if name == "search" else ""}


def test_values_are_read_as_on_the_command_line():
    values = functions._SEARCH.values({"time_budget": "1h30m", "rungs": "1,3", "trials": "5", "text_column": "review"})
    assert (values["time_budget"], values["rungs"], values["trials"]) == (5400.0, (1, 3), 5)
    assert values["text_column"] == ("review",)
    assert functions._EXPORT.values({"format": "keras"})["kind"] == functions._EXPORT.values({"kind": "keras"})["kind"]
    assert functions._SEARCH.values({"set": "units=8"})["settings"] == ("units=8",)
    assert functions._SEARCH.values({"text_column": ["a", "b"], "gpus_per_trial": 0.5})["text_column"] == ("a", "b")


def test_a_default_may_follow_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("FRONTIER_TUNER_RUNS", str(tmp_path))
    assert functions._SEARCH.values({})["runs_dir"] == tmp_path


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"trial": 3}, "there is no parameter 'trial'; did you mean trials?"),
        ({"zzz": 3}, "there is no parameter 'zzz'; help() of the function lists them"),
        ({"trials": "many"}, "trials='many': 'many' is not a valid integer"),
        ({"scheduler": "best"}, "scheduler='best': 'best' is not one of 'forecast'"),
        ({"time_budget": "soon"}, "time_budget='soon': 'soon' is no duration; write for instance 90s, 30m or 1h30m"),
    ],
)
def test_what_no_option_takes_is_one_line(given, message):
    with pytest.raises(InputError) as error:
        functions._SEARCH.values(given)
    assert str(error.value).startswith(message)


def test_help_tells_of_every_option():
    assert "trials: Trials. [default: 12; with grid: all]" in functions.search.__doc__
    assert Parameters(search_command).described().count("\n") > 40


def test_settings_may_be_a_mapping():
    assert functions._settings({"units": [8, 16], "cell": "gru", "bidirectional": False}) == (
        "units=8,16", "cell=gru", "bidirectional=false",
    )  # fmt: skip
    assert functions._settings("units=8") == functions._settings(["units=8"]) == ("units=8",)


def test_functions_are_named_where_workers_can_import_them():
    from tuner.measures import matthews_correlation

    assert functions._by_name({"metric": matthews_correlation})["metric"] == "tuner.measures:matthews_correlation"
    with pytest.raises(InputError) as error:
        functions._by_name({"hypermodel": lambda hp: hp})
    assert "workers have to import it; write it into a file, for instance mine.py" in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": "nowhere.csv", "label": [1, 2]}, "label: is a list; that is for a list of texts in `data`"),
        ({"data": "a.csv", "text": "a", "text_column": "b"}, "text: is given as `text_column` too"),
        ({"data": "nowhere.csv"}, "no data under 'nowhere.csv'"),
        ({"trials": 0}, "trials=0: must be at least 1"),
        ({"space": "frontir"}, "unknown space 'frontir'; did you mean frontier?"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_written(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as error:
        tuner.search(**arguments)
    assert message in str(error.value)
    assert list(tmp_path.iterdir()) == []
