"""Values of options as types that click knows."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from tuner.runs.location import RUNS_VARIABLE, runs_folder
from tuner.tracking.destinations import Destination

CONFIG_FILE = "tuner.config_file"
"""Under this key the context of a command keeps the file of ``--config``."""
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_THOUSANDS = {"": 1, "k": 1_000, "m": 1_000_000}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
PATH = click.Path(path_type=Path)

runs_dir_option = click.option(
    "--runs-dir",
    type=PATH,
    default=runs_folder,
    show_default=f"{RUNS_VARIABLE}, else runs",
    help="Folder or URL where runs are kept.",
)


class Duration(click.ParamType[float]):
    """A time such as 90s, 30m, 1h30m; a bare number means seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        text = str(value).strip().lower()
        if re.fullmatch(r"\d+(\.\d+)?", text):
            seconds = float(text)
        else:
            parts = _PART.findall(text)
            if not parts or _PART.sub("", text).strip():
                self.fail(f"{value!r} is no duration; write for instance 90s, 30m or 1h30m", param, ctx)
            seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
        if seconds <= 0:
            self.fail(f"{value!r} must be positive; write for instance 30m", param, ctx)
        return seconds


class Size(click.ParamType[int]):
    """A whole number such as 1,000,000, 500k or 1M."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        text = str(value).strip().lower().replace(",", "").replace("_", "")
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([km]?)", text)
        number = float(found[1]) * _THOUSANDS[found[2]] if found else 0.0
        if number < 1 or number != int(number):
            self.fail(f"{value!r} is no number; write for instance 200000, 500k or 1M", param, ctx)
        return int(number)


class Gpus(click.ParamType[float | str]):
    """A number of GPUs, or "auto"."""

    name = "GPUs"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | str:
        """The number, or the word."""
        if value == "auto":
            return "auto"
        try:
            return float(value)
        except ValueError:
            self.fail(f"{value!r} is no number of GPUs; write for instance 1, 0.25 or auto", param, ctx)


class Reports(click.ParamType[int | str]):
    """A number of reports, or "auto"."""

    name = "reports"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """The number, or the word."""
        if value == "auto":
            return "auto"
        try:
            return int(value)
        except ValueError:
            self.fail(f"{value!r} is no number of reports; write for instance 4, or auto", param, ctx)


class Epochs(click.ParamType[int | float]):
    """Epochs, which may be a fraction where an epoch has several reports: 2, or 0.25."""

    name = "epochs"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | float:
        """The number; a whole one is an int."""
        try:
            number = float(value)
            return int(number) if number.is_integer() else number
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no number of epochs; write for instance 2, or 0.5", param, ctx)


class Rungs(click.ParamType[tuple[int | float, ...]]):
    """Epochs separated by commas, such as 1,3,9."""

    name = "epochs"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int | float, ...]:
        """The numbers."""
        parts = value if isinstance(value, (list, tuple)) else str(value).split(",")
        try:
            return tuple(Epochs().convert(part, None, None) for part in parts)
        except click.BadParameter:
            self.fail(f"{value!r} is no list of epochs; write for instance 1,3,9", param, ctx)


class Tracked(click.ParamType[str]):
    """A tracker, and where it is: mlflow, or mlflow=URI."""

    name = "tracker"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The same with its place, whole."""
        try:
            return str(Destination.parse(str(value)))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class GivenOnce(click.Option):
    """An option with one value that is an error when it is given twice, where others would count the last."""

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Lets the parser collect the values."""
        parser.add_option(obj=self, opts=self.opts, dest=self.name, action="append")

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> tuple[Any, ParameterSource]:
        """The only value."""
        given = opts.get(str(self.name))
        if isinstance(given, list):
            if len(given) > 1:
                raise click.UsageError(
                    f"{self.opts[0]} is given {len(given)} times ({', '.join(given)}); give a folder or a pattern such as "
                    f"'{self.opts[0]} reviews-*.csv', or --validation-data and --test-data for parts that lie apart",
                    ctx,
                )
            opts = {**opts, str(self.name): given[0]}
        return super().consume_value(ctx, opts)


def load_defaults(ctx: click.Context, _param: click.Parameter, file: str | None) -> str | None:
    """Callback of ``--config``: the file's values become defaults of the other options, which the command line overrides."""
    if file is None:
        return None
    ctx.meta[CONFIG_FILE] = file
    import yaml

    try:
        content = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise click.BadParameter(f"{file} cannot be read ({error.strerror}); give a YAML file") from None
    except UnicodeDecodeError:
        raise click.BadParameter(f"{file} is not UTF-8 text; save it as UTF-8") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # ValueError: a date such as 0000-00-00.
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise click.BadParameter(
            f"{file} is not YAML{where}; write one `option: value` a line, with blanks and without tabs"
        ) from None
    if not isinstance(content, dict):
        raise click.BadParameter(f"{file} needs `option: value` lines; received {type(content).__name__}")
    known = {option.lstrip("-"): param for param in ctx.command.params for option in param.opts}
    unknown = [str(key) for key in content if str(key).replace("_", "-") not in known]
    if unknown:
        raise click.BadParameter(f"{file}: unknown key {unknown[0]!r}; keys are the long options, for instance trials")
    params = {key: known[str(key).replace("_", "-")] for key in content}
    defaults = {str(param.name): _as_typed(content[key], param, f"{file}: {key}") for key, param in params.items()}
    ctx.default_map = {**(ctx.default_map or {}), **defaults}
    return file


def _as_typed(value: Any, param: click.Parameter, where: str) -> Any:
    """A value of a config file as the command line would have it: text, which each option then reads by its own rules."""
    if isinstance(value, dict) and param.name == "settings":
        return [f"{name}={setting}" for name, setting in value.items()]
    if isinstance(value, list) and (param.multiple or isinstance(param.type, Rungs)):
        return [_as_text(one, where) for one in value]
    if isinstance(value, bool) and getattr(param, "is_flag", False):
        return value
    return [_as_text(value, where)] if param.multiple else _as_text(value, where)


def _as_text(value: Any, where: str) -> str:
    if not isinstance(value, (str, int, float, date)):
        raise click.BadParameter(f"{where}: {value!r} is no value for it; write it as on the command line")
    return str(value)
