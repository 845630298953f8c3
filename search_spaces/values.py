"""Single values: as the type of their hyperparameter, and together as a configuration."""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from search_spaces.config import CombinationError, TrialConfig
from search_spaces.domains import Value
from search_spaces.formulas import Formula


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(TrialConfig.model_fields[name].rebuild_annotation())


def checked(name: str, value: Any) -> Value:
    """One value of a hyperparameter, as its own type.

    Raises:
        ValueError: where the hyperparameter cannot have it.
    """
    try:
        found: Value = _adapter(name).validate_python(value)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise ValueError(f"{reason[0].lower()}{reason[1:]}; received {value!r}") from None
    if isinstance(found, (int, float)) and not isinstance(found, bool) and isinstance(value, bool):
        raise ValueError(f"needs a number; received {value!r}")
    return found


def worked_out(values: Mapping[str, Value], formulas: Mapping[str, Formula]) -> dict[str, Value]:
    """The values and what the formulas make of them, by name.

    Args:
        values: by name.
        formulas: by name, each after those that it uses. What they give to a whole number is rounded half up.

    Raises:
        CombinationError: where a formula gives what its hyperparameter cannot have; one line that begins with its name.
    """
    known = dict(values)
    for name, formula in formulas.items():
        try:
            known[name] = _of_formula(name, formula.evaluate(known))
        except ValueError as error:
            raise CombinationError(f"{name}: {formula.text}: {error}") from None
    return known


def config_of(values: Mapping[str, Value]) -> TrialConfig:
    """The configuration of these values; variables, which are no hyperparameters, are left behind.

    Raises:
        CombinationError: where the values mean nothing together.
    """
    return TrialConfig.model_validate(
        {name: value for name, value in values.items() if name in TrialConfig.model_fields}
    )


def _of_formula(name: str, number: float) -> Value:
    if name not in TrialConfig.model_fields:
        return number
    whole = isinstance(TrialConfig.model_fields[name].default, int)
    return checked(name, math.floor(number + 0.5) if whole else number)
