"""Altair holds charts against Vega-Lite's schema at every step of building them, in Python: half of a report's time."""

from typing import Any

from support.covering import FULL_CONTRACT

_FREE_TEXTS = ("as", "calculate", "expr", "field", "name", "test", "text", "title", "values")
"""Where the schema takes any text."""


def check_finished_charts_once() -> None:
    """Lets Altair check charts when they are finished, and of those that differ in their numbers and texts only, the first.

    The report's too, which the program itself does not. ``FULL_CONTRACT=1`` leaves all else as it is.
    """
    from analysis.report import figures

    figures._CHECK = True
    if FULL_CONTRACT:
        return
    from altair.utils import schemapi

    schemapi.disable_debug_mode()
    check, valid = schemapi.SchemaBase.validate.__func__, set()

    def validate(cls: type, instance: dict[str, Any], schema: dict[str, Any] | None = None) -> None:
        shape = (cls, schema is None, _shape(instance, ""))
        if shape not in valid:
            check(cls, instance, schema)
            valid.add(shape)

    schemapi.SchemaBase.validate = classmethod(validate)


def _shape(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return frozenset((name, _shape(one, name)) for name, one in value.items())
    if isinstance(value, list):
        return tuple(_shape(one, key) for one in value)
    if isinstance(value, str) and key not in _FREE_TEXTS:
        return value
    return type(value)
