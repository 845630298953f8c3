import itertools

import numpy as np
import pytest
import yaml

from search_spaces import Choice, Condition, Integer, Space, SpaceError, TrialConfig, Uniform, read_space
from search_spaces.documents import space_document
from search_spaces.expressions import parents_first

CELLS = """
parameters:
  units: {choice: [8, 16]}
  residual: {choice: [false, true], when: {activation: sigmoid}}
  activation: {choice: [tanh, sigmoid], when: {cell: elman}}
  cell: {choice: [lstm, elman, mlp]}
  bidirectional: false
  embedding: {choice: [8, 16], when: {cell: [elman, mlp]}}
"""


def read(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return read_space(path)


@pytest.fixture
def cells(tmp_path):
    return read(tmp_path, CELLS).replaced({"units": Choice((16,)), "residual": Choice((False,))})


def test_parents_come_first_and_the_rest_stays_in_order(tmp_path):
    space = read(tmp_path, CELLS)
    assert list(space.parameters) == ["units", "cell", "activation", "residual", "bidirectional", "embedding"]
    assert space.conditional


def test_a_conditional_space_survives_a_round_trip(tmp_path):
    space = read(tmp_path, CELLS)
    again = read(tmp_path, yaml.safe_dump(space_document(space), sort_keys=False))
    assert again == space
    assert list(again.parameters) == list(space.parameters)


def test_a_grid_has_every_active_combination_once(cells):
    points = list(cells.grid())
    # lstm 1; elman 2 activations x 2 embeddings; mlp 2 embeddings
    assert len(points) == len(set(points)) == cells.grid_size() == 1 + 4 + 2
    assert all(point.activation == "tanh" and point.embedding == 16 for point in points if point.cell == "lstm")


def test_draws_keep_the_conditions_and_inactive_ones_the_default(cells):
    grid = set(cells.grid())
    drawn = [cells.sample(np.random.default_rng(seed)) for seed in range(200)]
    assert set(drawn) == grid
    for values in (cells.draw(np.random.default_rng(seed)) for seed in range(50)):
        assert ("activation" in values) == (values["cell"] == "elman")
        assert cells.values(cells.config(values).model_dump()) == values


def test_near_the_defaults_a_newly_active_parameter_is_drawn():
    space = Space(
        "near",
        {"optimizer": Choice(("adam", "sgd")), "learning_rate": Uniform(0.1, 0.2), "units": Choice((8, 32))},
        conditions={"learning_rate": Condition({"optimizer": ("adam",)})},
    )
    for seed in range(20):
        config = space.sample(np.random.default_rng(seed), near_defaults=True)
        assert (config.optimizer, config.units) == ("adam", 32)
        assert 0.1 <= config.learning_rate <= 0.2


def test_a_condition_on_an_inactive_parameter_does_not_hold(cells):
    nested = Space(
        "nested",
        {"cell": Choice(("lstm", "elman")), "activation": Choice(("tanh",)), "dropout": Choice((0.1, 0.3))},
        conditions={"activation": Condition({"cell": ("elman",)}), "dropout": Condition({"activation": ("tanh",)})},
    )
    # lstm has the activation's default, tanh, but the parameter is not active: neither is dropout.
    assert [(point.cell, point.dropout) for point in nested.grid()] == [("lstm", 0.2), ("elman", 0.1), ("elman", 0.3)]


def test_settings_work_conditions_out(cells):
    lstm = cells.replaced({"cell": Choice(("lstm",))})
    assert not lstm.conditional
    assert "activation" not in lstm.parameters
    assert lstm.grid_size() == 1
    elman = cells.replaced({"cell": Choice(("elman",))})
    assert list(elman.conditions) == ["residual"]
    assert elman.grid_size() == 4
    some = cells.replaced({"cell": Choice(("lstm", "elman"))})
    assert dict(some.conditions["embedding"].allowed) == {"cell": ("elman",)}


def test_a_setting_that_can_never_be_active_is_refused(cells):
    with pytest.raises(ValueError, match="activation: would never be active, it is so only if cell is elman"):
        cells.replaced({"cell": Choice(("gru",)), "activation": Choice(("sigmoid",))})


def test_a_domain_that_is_set_keeps_its_condition(cells):
    space = cells.replaced({"embedding": Choice((4,))})
    assert {(point.cell, point.embedding) for point in space.grid()} == {("lstm", 16), ("elman", 4), ("mlp", 4)}


def test_the_size_of_a_grid_is_its_length_for_any_nesting():
    names = ["layers", "units", "embedding", "vocabulary"]
    generator = np.random.default_rng(0)
    for _ in range(30):
        parameters = {name: Choice(tuple(range(3, 3 + int(generator.integers(1, 4))))) for name in names}
        conditions = {
            child: Condition({parent: (3,)}) for parent, child in itertools.pairwise(names) if generator.integers(2)
        }
        space = Space(
            "any",
            {"layers": Choice((1, 3)), **{k: v for k, v in parameters.items() if k != "layers"}},
            conditions=conditions,
        )
        points = list(space.grid())
        assert (
            len(points)
            == len({tuple(space.values(point.model_dump()).items()) for point in points})
            == space.grid_size()
        )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "units: {choice: [1, 2], when: {cel: lstm}}",
            "parameters.units: unknown hyperparameter|units: when asks about cel",
        ),
        (
            "units: {choice: [1, 2], when: {cell: lstm}}",
            r"parameters\.units: when asks about cell, which is no parameter",
        ),
        (
            "{units: {choice: [1, 2], when: {cell: gru}}, cell: lstm}",
            r"parameters\.units: when cell is gru, which it never is",
        ),
        ("{units: {choice: [1, 2], when: {cell: rnn}}, cell: lstm}", r"parameters\.units: .*received 'rnn'"),
        ("{units: {choice: [1], when: {dropout: 0.1}}, dropout: {uniform: [0, 0.5]}}", "continuous range"),
        ("units: {choice: [1, 2], when: {}}", "when needs NAME: VALUE"),
        ("units: {choice: [1, 2], when: lstm}", "when needs NAME: VALUE or NAME"),
        ("units: {when: {cell: lstm}}", "needs one of choice"),
        (
            "{units: {choice: [1, 2], when: {layers: 1}}, layers: {choice: [1, 2], when: {units: 1}}}",
            r"parameters\.units: depends on itself \(units -> layers -> units\)",
        ),
        ("{units: {choice: [1, 2], when: {units: 1}}}", r"units -> units"),
    ],
)
def test_conditions_that_cannot_be_are_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(SpaceError, match=message) as error:
        read(tmp_path, f"parameters: {text}\n" if text.startswith("{") else f"parameters:\n  {text}\n")
    assert "\n" not in str(error.value)
    assert str(tmp_path) in str(error.value)


def test_a_circle_is_named():
    with pytest.raises(ValueError, match=r"b: depends on itself \(b -> c -> b\)"):
        parents_first("abc", {"a": ["b"], "b": ["c"], "c": ["b"]})


def test_conditions_in_python_are_checked_too():
    with pytest.raises(ValueError, match="units: when asks about cells, which is no parameter; did you mean cell"):
        Space(
            "x",
            {"cell": Choice(("gru",)), "units": Integer(1, 2)},
            conditions={"units": Condition({"cells": ("gru",)})},
        )
    with pytest.raises(ValueError, match="unit: is no hyperparameter, and no formula uses it; did you mean units"):
        Space("x", {"unit": Integer(1, 2)})


def test_max_params_is_read_and_checked(tmp_path):
    space = read(tmp_path, "parameters: {units: 8}\nconstraints: {max_params: 50000}\n")
    assert space.max_params == 50_000
    assert read(tmp_path, yaml.safe_dump(space_document(space))) == space
    for bad in ("0", "many", "true", "1.5"):
        with pytest.raises(SpaceError, match=r"constraints\.max_params: needs a whole number"):
            read(tmp_path, f"parameters: {{units: 8}}\nconstraints: {{max_params: {bad}}}\n")
    with pytest.raises(SpaceError, match=r"constraints\.max_param: unknown constraint; did you mean max_params"):
        read(tmp_path, "parameters: {units: 8}\nconstraints: {max_param: 5}\n")


def test_defaults_are_those_of_the_configuration(cells):
    assert cells.config({"cell": "lstm", "bidirectional": False}).units == TrialConfig().units
