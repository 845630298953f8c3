"""Which hyperparameters apply where: the rules that a configuration has to keep, beside the bounds of each value."""

from collections.abc import Mapping
from typing import Any


def impossible_combination(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> str | None:
    """Why these hyperparameters mean nothing together, in one line, or None where they do.

    Args:
        values: a value for every hyperparameter.
        defaults: the value that each one keeps where it does not apply.
    """
    applies = (
        (("activation", "residual", "projection"), values["cell"] == "elman", "cell=elman"),
        (("layers", "units", "input"), values["cell"] != "none", "a cell"),
        (("embedding", "vectors", "embedding_dropout"), values["input"] == "embedding", "input=embedding"),
        (("momentum",), values["optimizer"] == "sgd", "optimizer=sgd"),
        (("weight_decay",), values["optimizer"] == "adamw", "optimizer=adamw"),
        (("batch_size",), values["batch_tokens"] == 0, "batch_tokens=0"),
    )
    for names, does, needs in applies:
        for name in names:
            if not does and values[name] != defaults[name]:
                return f"{name}={_text(values[name])}: needs {needs}; leave {name} at {_text(defaults[name])}"
    return _stack_without_units(values) or _residual_of_another_width(values)


def _stack_without_units(values: Mapping[str, Any]) -> str | None:
    if values["dense_layers"] > 1 and not values["dense_units"]:
        return f"dense_layers={values['dense_layers']}: needs the width of a layer; set dense_units=32 for instance"
    return None


def _residual_of_another_width(values: Mapping[str, Any]) -> str | None:
    """A sum of inputs and outputs needs both of one width; that of pretrained vectors is known with their file."""
    width = values["units"] * (2 if values["bidirectional"] else 1)
    if not values["residual"]:
        return None
    if values["input"] == "one_hot":
        return "residual=true: needs input=embedding, one-hot words are as wide as the vocabulary; set residual=false"
    if values["vectors"] == "none" and values["embedding"] != width:
        directions = " in each of two directions" if values["bidirectional"] else ""
        return (
            f"residual=true: adds word vectors of embedding={values['embedding']} to states of units={values['units']}"
            f"{directions}; set embedding={width} or residual=false"
        )
    return None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
