"""The console that commands print on."""

from typing import NoReturn

from rich.console import Console


class Terminal(Console):
    """A rich console without guesses at highlights; where the reader of a pipe has gone, that is an error like any other."""

    def __init__(self, *, stderr: bool = False) -> None:
        """On stdout, or on stderr where stdout is for JSON alone."""
        super().__init__(stderr=stderr, highlight=False)

    def on_broken_pipe(self) -> NoReturn:
        """Lets ``tuner.cli.main`` decide; rich would exit with 1."""
        raise BrokenPipeError
