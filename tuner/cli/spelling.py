"""Messages with the parameters of Python, which ``tuner.errors`` writes, as options of the command line."""

import re

import click

from tuner.cli.commands import COMMANDS
from tuner.errors import InputError, TunerError

_OPTIONS = {
    param.name: param.opts[0] for command in COMMANDS for param in command.params if isinstance(param, click.Option)
}
_PARAMETER = re.compile(r"`(\w+)(?:=([^`]*))?`")
_PLAIN = re.compile(r"\S+")


def message_of(error: TunerError) -> str:
    """The message of an error: ``--trials 0: must be at least 1``."""
    if isinstance(error, InputError) and error.option in _OPTIONS:
        return f"{_spelled(error.option, error.value)}: {with_options(error.args[0])}"
    return with_options(str(error))


def with_options(text: str) -> str:
    """A text with options for the parameters that it has between backticks: ``--trials 5`` for ``trials=5``."""

    def option(found: re.Match[str]) -> str:
        name, value = found.groups()
        return _spelled(name, value and value.strip("'\"")) if name in _OPTIONS else found[0]

    return _PARAMETER.sub(option, text)


def _spelled(name: str, value: object) -> str:
    if value is None or value is True:
        return _OPTIONS[name]
    text = (
        f"{value:g}"
        if isinstance(value, float)
        else ",".join(map(str, value))
        if isinstance(value, tuple)
        else str(value)
    )
    return f"{_OPTIONS[name]} {text if _PLAIN.fullmatch(text) and text.isprintable() else repr(text)}"
