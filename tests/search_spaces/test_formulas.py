import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from search_spaces import Choice, CombinationError, Formula, Integer, Space, SpaceError, Uniform, read_space
from search_spaces.documents import parse_setting, space_document

SCALED = """
variables:
  phi: {integer: [0, 3]}
  depth: {uniform: [1.0, 1.4]}
  width: {formula: (2 / depth) ** 0.5}
parameters:
  layers: {formula: depth ** phi}
  units: {formula: 8 * width ** phi}
"""


def read(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return read_space(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 * units ** 2 - 1", 31.0),
        ("-(units + 1) / 2", -2.5),
        ("max(units, 10) + min(1, 2, 0.5)", 10.5),
        ("3", 3.0),
    ],
)
def test_formulas_compute(text, value):
    assert Formula(text).evaluate({"units": 4}) == value


@pytest.mark.parametrize(
    "text",
    ["", "units +", "units.real", "open('x')", "max(1)", "a if b else c", "'x' * 3", "units[0]", "1 < 2", "True", "x := 3",
     "lambda: 1", "min(*units)", "1j", "a // b", "9" * 201],
)  # fmt: skip
def test_nothing_but_arithmetic_is_a_formula(text):
    with pytest.raises(ValueError, match="formula") as error:
        Formula(text)
    assert "\n" not in str(error.value)


@given(st.text(max_size=60))
def test_any_text_is_a_formula_or_one_line(text):
    try:
        Formula(text)
    except ValueError as error:
        assert "\n" not in str(error).replace(repr(text), "")


@pytest.mark.parametrize("text", ["1 / (units - 4)", "(0 - units) ** 0.5", "9 ** 9 ** 9 ** units", "10 ** 400 * units"])
def test_what_is_no_number_is_said_with_the_values(text):
    with pytest.raises(ValueError, match="gives no number for units=4"):
        Formula(text).evaluate({"units": 4})


def test_hyperparameters_follow_from_variables(tmp_path):
    space = read(tmp_path, SCALED)
    assert space.variables == ("phi", "depth", "width")
    assert list(space.parameters) == ["phi", "depth"]
    config = space.config({"phi": 3, "depth": 1.25})
    assert (config.layers, config.units) == (2, 16)  # 1.25 ** 3 = 1.95; 8 * 1.6 ** 1.5 = 16.2
    for seed in range(50):
        values = space.draw(np.random.default_rng(seed))
        made = space.config(values)
        assert set(values) == {"phi", "depth"}
        assert made.layers == int(values["depth"] ** values["phi"] + 0.5)


def test_formulas_survive_a_round_trip(tmp_path):
    space = read(tmp_path, SCALED)
    assert read(tmp_path, yaml.safe_dump(space_document(space), sort_keys=False)) == space


def test_a_grid_over_variables_has_no_configuration_twice(tmp_path):
    space = read(tmp_path, SCALED).replaced({"depth": Choice((1.0, 1.05))})
    points = list(space.grid())
    assert len(points) == len(set(points)) == space.grid_size()
    assert len(points) < 8  # phi=0 gives one network whatever the depth


def test_settings_reach_variables_and_take_the_place_of_formulas(tmp_path):
    space = read(tmp_path, SCALED)
    assert parse_setting("phi=2", variables=space.variables) == ("phi", Choice((2,)))
    fixed = space.replaced({"units": Choice((32,))})
    assert fixed.variables == ("phi", "depth")
    assert fixed.config({"phi": 1, "depth": 1.0, "units": 32}).units == 32
    with pytest.raises(SpaceError, match="unknown hyperparameter"):
        parse_setting("phi=2")


def test_values_of_a_configuration_need_no_variables(tmp_path):
    space = read(tmp_path, SCALED)
    with pytest.raises(ValueError, match="has variables"):
        space.values(space.config({"phi": 1, "depth": 1.0}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{variables: {phi: 3}, parameters: {layers: 1}}", "phi: is no hyperparameter, and no formula uses it"),
        ("{variables: {units: 3}, parameters: {layers: 1}}", r"variables\.units: is a hyperparameter"),
        ("{variables: {phi: 3}, parameters: {phi: 1}}", r"parameters\.phi: is a variable too"),
        ("{variables: {phi: 3}, parameters: {units: {formula: phy * 2}}}", "uses phy, which is no parameter; did you mean phi"),
        ("{variables: {phi: 3}, parameters: {units: {formula: phi + units}}}", "units -> units"),
        (
            "{variables: {phi: 9}, parameters: {layers: {formula: 2 ** phi}}}",
            r"parameters\.layers: 2 \*\* phi: .*less than or equal to 4; received 512",
        ),
        ("{variables: {phi: {integer: [0, 1]}}, parameters: {layers: {formula: 2 / phi}}}", "gives no number for phi=0"),
        ("{variables: {phi: big}, parameters: {layers: {formula: phi}}}", "uses phi, which is no number"),
        ("{variables: {phi: 1}, parameters: {cell: {formula: phi}}}", "cell is not a number"),
        ("{parameters: {units: {formula: import os}}}", r"parameters\.units: formula 'import os' cannot be read"),
        ("{parameters: {units: {formula: [1]}}}", "formula needs text"),
        (
            "{parameters: {cell: [gru, lstm], layers: {choice: [1, 2], when: {cell: gru}}, units: {formula: layers}}}",
            "uses layers, which is not always active",
        ),
    ],
)  # fmt: skip
def test_formulas_that_cannot_be_are_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(SpaceError, match=message) as error:
        read(tmp_path, text)
    assert "\n" not in str(error.value)


def test_a_formula_that_leaves_its_bounds_between_the_corners_is_one_line():
    space = Space("peak", {"x": Uniform(0.0, 1.0)}, formulas={"layers": Formula("1 + 40 * x * (1 - x)")})
    with pytest.raises(CombinationError, match="layers: 1 \\+ 40"):
        space.config({"x": 0.5})


def test_a_formula_may_be_conditional():
    from search_spaces import Condition

    space = Space(
        "when",
        {"cell": Choice(("gru", "lstm")), "layers": Integer(1, 2)},
        conditions={"units": Condition({"cell": ("lstm",)})},
        formulas={"units": Formula("8 * layers")},
    )
    assert [(c.cell, c.units) for c in space.grid()] == [("gru", 32), ("gru", 32), ("lstm", 8), ("lstm", 16)]
    assert "units" not in space.replaced({"cell": Choice(("gru",))}).formulas
