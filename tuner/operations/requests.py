"""The request of a search, from the options that the command line and Python share."""

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from search_spaces.documents import SpaceError, parse_setting, read_space
from search_spaces.named import named_space
from search_spaces.space import Space
from tuner.data.pipeline import BUILT_IN, DataRequest
from tuner.data.reading.columns import Columns
from tuner.errors import InputError
from tuner.search.custom_model import CustomModelRequest
from tuner.search.registry import scheduler_spec
from tuner.search.request import SearchRequest
from tuner.search.schedulers.options import SchedulerOptions
from tuner.tracking.destinations import recorded

_DEFAULT_SPACE = "frontier"

Request = TypeVar("Request", DataRequest, Columns, SchedulerOptions, SearchRequest)
_OPTION_NAMES: dict[type, dict[str, str]] = {
    DataRequest: {"source": "data", "split_seed": "seed"},
    Columns: {"text": "text_column", "label": "label_column", "split": "split_column"},
    SchedulerOptions: {"name": "scheduler"},
    SearchRequest: {},
}
"""Options whose fields in a request have other names."""


def option_names(kind: type) -> dict[str, str]:
    """The options of a request's fields."""
    return {field.name: _OPTION_NAMES[kind].get(field.name, field.name) for field in fields(kind)}


def from_options(kind: type[Request], options: Mapping[str, Any], **others: Any) -> Request:
    """A request whose fields are the options of the same names, and ``others``, which come first."""
    return kind(**{field: options[name] for field, name in option_names(kind).items() if name in options} | others)


def search_request(options: Mapping[str, Any], *, space: Space | None = None) -> SearchRequest:
    """The request of the options of a search; a space that is given has no name to be looked up by.

    Raises:
        InputError: for a space or a number that means nothing.
    """
    searcher = options["searcher"] or ("random" if options["hypermodel"] else "frontier")
    return from_options(
        SearchRequest,
        options,
        data=from_options(
            DataRequest,
            options,
            source=options["data"] or BUILT_IN,
            columns=from_options(Columns, options),
        ),
        track=recorded(options.get("track", ())),
        space=_space(options) if space is None else _with_settings(space, options["settings"]),
        searcher=searcher,
        scheduler=_scheduler(options, searcher),
    )


def _scheduler(options: Mapping[str, Any], searcher: str) -> SchedulerOptions:
    """What is asked of early stopping; where no scheduler is named, forecast if it suits the searcher and has these options."""
    asked = from_options(SchedulerOptions, options, name=options["scheduler"] or "forecast")
    suits = searcher == "frontier" and asked.given().keys() <= scheduler_spec("forecast").options
    return asked if options["scheduler"] or suits else replace(asked, name="asha")


def _space(options: Mapping[str, Any]) -> Space | CustomModelRequest:
    if options["hypermodel"] is None:
        return space_with(options["space"] or _DEFAULT_SPACE, options["settings"])
    if options["space"] is not None:
        raise InputError(
            f"`hypermodel={options['hypermodel']}` has a space of its own; leave one of them out",
            option="space",
            value=options["space"],
        )
    return CustomModelRequest(options["hypermodel"], tuple(options["settings"]))


def space_with(name: str, settings: tuple[str, ...]) -> Space:
    """A named space or a file's, with what settings change.

    Raises:
        InputError: where there is none, or a setting means nothing.
    """
    try:
        path = Path(name)
        space = read_space(path) if path.suffix in (".yaml", ".yml") or path.is_file() else named_space(name)
    except SpaceError as error:
        raise InputError(str(error)) from None
    return _with_settings(space, settings)


def _with_settings(space: Space, settings: tuple[str, ...]) -> Space:
    try:
        return space.replaced(dict(parse_setting(setting, variables=space.variables) for setting in settings))
    except ValueError as error:
        raise InputError(f"`settings` {error}") from None
