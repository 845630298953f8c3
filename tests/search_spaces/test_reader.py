import re

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_spaces import Choice, LogUniform, SpaceError, TrialConfig, named_space, named_spaces, read_space
from search_spaces.documents import parse_setting, space_document
from support.covering import examples


def write(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_space_file_says_what_it_means(tmp_path):
    space = read_space(
        write(tmp_path, "parameters:\n  units: {choice: [8, 16]}\n  learning_rate: {log_uniform: [1e-4, 1e-2]}\n")
    )
    assert space.name == "mine"
    assert space.parameters == {"units": Choice((8, 16)), "learning_rate": LogUniform(1e-4, 1e-2)}


@pytest.mark.parametrize("name", named_spaces())
def test_named_spaces_survive_a_round_trip_and_hold_only_legal_values(name, tmp_path):
    space = named_space(name)
    assert read_space(write(tmp_path, yaml.safe_dump(space_document(space)))) == space
    assert set(space.parameters) <= set(TrialConfig.model_fields) | set(space.variables)


@pytest.mark.parametrize("name", named_spaces())
def test_what_named_spaces_give_means_something_together(name):
    space = named_space(name)
    for seed in range(30):
        space.sample(np.random.default_rng(seed))
    if not space.continuous():
        assert len(set(space.grid())) == space.grid_size()


def test_the_compound_scaling_space_has_the_27_published_points():
    points = list(named_space("imdb_lstm_compound_scaling").grid())
    assert len({(p.layers, p.units, p.embedding) for p in points}) == len(points) == 27


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("unit: 3", r"parameters\.unit: unknown hyperparameter; did you mean units\?"),
        ("units: {choice: []}", r"parameters\.units: choice is empty"),
        ("units: {integer: [9, 3]}", r"parameters\.units: integer needs low < high; received \[9, 3\]"),
        ("learning_rate: {log_uniform: [0, 1]}", r"parameters\.learning_rate: log_uniform needs low > 0"),
        ("units: {integer: [8, 99999]}", "less than or equal to 1024; received 99999"),
        ("units: {uniform: [8, 16]}", "whole number"),
        ("cell: {integer: [1, 2]}", "not a number"),
        ("cell: rnn", "received 'rnn'"),
        ("units: {between: [1, 2]}", "needs one of choice"),
        ("units: {integer: 3}", r"needs \[low, high\]; received 3"),
        ("units: true", "needs a number; received True"),
    ],
)
def test_errors_name_file_key_and_value(tmp_path, body, message):
    path = write(tmp_path, f"parameters:\n  {body}\n")
    with pytest.raises(SpaceError, match=message) as error:
        read_space(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty, and needs the key parameters"),
        ("- 1", "holds a list, and needs the key parameters"),
        ("parameter: {}", "did you mean parameters"),
        ("parameters: {}", "at least one"),
        ("a: [", "is not YAML"),
    ],
)
def test_files_that_are_no_space_are_refused(tmp_path, text, message):
    with pytest.raises(SpaceError, match=message):
        read_space(write(tmp_path, text))


@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: f"parameters:\n  units: {text}".encode()))
)
def test_any_bytes_give_a_space_or_one_line(tmp_path, content):
    path = tmp_path / "any.yaml"
    path.write_bytes(content)
    try:
        read_space(path)
    except SpaceError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("setting", "name", "domain"),
    [
        ("units=32", "units", Choice((32,))),
        ("units=16,32", "units", Choice((16, 32))),
        ("bidirectional=false", "bidirectional", Choice((False,))),
        ("learning_rate=1e-3", "learning_rate", Choice((0.001,))),
        ("learning_rate={log_uniform: [1e-4, 1e-2]}", "learning_rate", LogUniform(1e-4, 1e-2)),
    ],
)
def test_settings_of_the_command_line(setting, name, domain):
    assert parse_setting(setting) == (name, domain)


@pytest.mark.parametrize("setting", ["units", "units=", "=3", "units=[", "units={choice: [}", "nothing=1"])
def test_settings_that_mean_nothing_are_refused_with_the_setting(setting):
    with pytest.raises(SpaceError, match="^" + re.escape(setting)):
        parse_setting(setting)
