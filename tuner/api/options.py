"""The options of the command line as parameters of functions: one definition of name, type, default and help."""

import inspect
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from tuner.errors import InputError


class Parameters:
    """Those options of a command that make sense in Python.

    Attributes:
        command: whose options they are.
        others: parameters that the function has beside them, first; positional where ``positional`` names them.
    """

    def __init__(
        self,
        command: click.Command,
        *,
        without: Collection[str] = (),
        others: Mapping[str, Any] | None = None,
        positional: Collection[str] = (),
    ) -> None:
        """Takes the command's options, but for those of ``without``."""
        self.command = command
        self.others = dict(others or {})
        self._positional = positional
        self._params = {
            str(param.name): param
            for param in command.params
            if isinstance(param, click.Option) and param.expose_value and param.name not in {*without, *self.others}
        }
        self._spelled = {_spelling(param): name for name, param in self._params.items()}

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All options with their values: what was given, as the command line reads it, and the defaults of the rest.

        Args:
            given: by the spelling of the command line with underscores (``set``, ``format``), or by the names that messages
                have (``settings``, ``kind``).

        Raises:
            InputError: for a parameter that there is not, and a value that the option does not take.
        """
        given = {self._spelled.get(name, name): value for name, value in given.items()}
        for name in given:
            if name not in self._params:
                near = get_close_matches(name, [*self._spelled, *self.others], n=1)
                remedy = f"did you mean {near[0]}?" if near else "help() of the function lists them"
                raise InputError(f"there is no parameter {name!r}; {remedy}")
        context = self._context()
        return {
            name: context.params[name] if given.get(name) is None else _converted(param, given[name], context)
            for name, param in self._params.items()
        }

    def _context(self) -> click.Context:
        """What the command line makes of no options at all; anew each time, since a default may be the environment's.

        What it cannot do without gets a value that means nothing: functions have a parameter of their own for that.
        """
        words = []
        for param in self.command.params:
            if param.required:
                words += ["-"] if isinstance(param, click.Argument) else [param.opts[0], "1"]
        return self.command.make_context(self.command.name, words)

    def signature(self) -> inspect.Signature:
        """What ``help`` shows."""
        kinds = inspect.Parameter
        own = [
            kinds(
                name, kinds.POSITIONAL_OR_KEYWORD if name in self._positional else kinds.KEYWORD_ONLY, default=default
            )
            for name, default in self.others.items()
        ]
        defaults = self._context().params
        options = [
            kinds(spelled, kinds.KEYWORD_ONLY, default=_plain(defaults[name]))
            for spelled, name in self._spelled.items()
        ]
        return inspect.Signature([*own, *options])

    def described(self) -> str:
        """A line for each option, as ``--help`` has it."""
        lines = []
        for param in self._params.values():
            assert isinstance(param, click.Option)
            lines.append(f"    {_spelling(param)}: {(param.help or '').replace('  ', ' ')}")
        return "\n".join(lines)


def _spelling(param: click.Parameter) -> str:
    return param.opts[0].lstrip("-").replace("-", "_")


def _converted(param: click.Parameter, value: Any, context: click.Context) -> Any:
    if param.multiple and isinstance(value, str):
        value = (value,)
    try:
        return param.type_cast_value(context, value)
    except click.UsageError as error:
        raise InputError(error.message.rstrip("."), option=param.name, value=value) from None


def _plain(default: Any) -> Any:
    """A default as a signature has it: None for a folder, which may follow from the environment, and for nothing."""
    return None if default == () or isinstance(default, Path) else default
