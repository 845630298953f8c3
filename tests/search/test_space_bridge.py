import numpy as np
import pytest

from search_spaces import (
    Choice,
    Condition,
    Formula,
    Grid,
    Integer,
    LogGrid,
    LogInteger,
    LogUniform,
    Space,
    Uniform,
    named_space,
    named_spaces,
)

pytestmark = pytest.mark.ray

EVERY_KIND = Space(
    "every",
    {
        "cell": Choice(("gru", "lstm")),
        "bidirectional": Choice((False, True)),
        "layers": Integer(1, 3),
        "units": LogInteger(4, 64),
        "dropout": Uniform(0.0, 0.5),
        "learning_rate": LogUniform(1e-4, 1e-2),
        "optimizer": Choice(("adam",)),
        "vocabulary": LogGrid(1000, 4000, 3),
        "l2": Grid(0.0, 0.3, 4),
    },
)
CONDITIONAL = Space(
    "conditional",
    {
        "cell": Choice(("lstm", "elman")),
        "activation": Choice(("tanh", "sigmoid")),
        "units": Integer(4, 6),
    },
    conditions={"activation": Condition({"cell": ("elman",)}), "units": Condition({"activation": ("sigmoid",)})},
)
SCALED = Space("scaled", {"phi": Integer(0, 3)}, formulas={"units": Formula("8 * 1.5 ** phi")})


def drawn(space, count):
    from ray.tune.search.variant_generator import generate_variants

    from tuner.search.ray_tune.space_bridge import to_ray

    np.random.seed(0)  # noqa: NPY002 - where Ray Tune draws from
    return [config for _ in range(count) for _, config in generate_variants(to_ray(space))]


@pytest.mark.parametrize(
    "space", [EVERY_KIND, CONDITIONAL, SCALED, *map(named_space, named_spaces())], ids=lambda space: space.name
)
def test_there_and_back_gives_the_same_space(space):
    from tuner.search.ray_tune.space_bridge import from_ray, to_ray

    back = from_ray(to_ray(space), name=space.name, formulas=space.formulas)
    assert back.replaced({}) == Space(
        space.name, space.parameters, conditions=space.conditions, formulas=space.formulas
    )


def test_both_ends_come_out_of_ray_and_nothing_beyond():
    configs = drawn(Space("ends", {"layers": Integer(1, 3), "units": LogInteger(2, 4)}), 200)
    assert {config["layers"] for config in configs} == {1, 2, 3}
    assert {config["units"] for config in configs} == {2, 3, 4}


def test_a_grid_is_tried_at_every_point():
    configs = drawn(Space("grid", {"units": Grid(8, 24, 3), "layers": Choice((1, 2))}), 1)
    assert [config["units"] for config in configs] == [8, 16, 24]


def test_conditions_hold_in_what_ray_draws():
    from tuner.search.ray_tune.space_bridge import values_of

    seen = set()
    for config in drawn(CONDITIONAL, 100):
        values = values_of(config)
        assert ("activation" in values) == (values["cell"] == "elman")
        assert ("units" in values) == (values.get("activation") == "sigmoid")
        CONDITIONAL.config(values)
        seen.add(values.get("units"))
    assert seen == {None, 4, 5, 6}


def test_what_has_no_counterpart_is_named():
    from ray import tune

    from tuner.search.ray_tune.space_bridge import from_ray

    for found in (tune.quniform(0.0, 0.5, 0.1), tune.sample_from(lambda _: 1), tune.randn(), [1, 2]):
        with pytest.raises(ValueError, match=r"dropout: .*no counterpart; use tune\.choice"):
            from_ray({"dropout": found}, name="none")
