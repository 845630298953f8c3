"""Ctrl-C and SIGTERM during a command: at once while nothing is written, between two events afterwards.

Only the command line takes the signals over: handlers are for the main thread, and a library leaves them to its caller.
"""

import signal
import sys
from types import FrameType, TracebackType
from typing import Any


class Interrupted(BaseException):
    """The user wants the search to end. Passes through every ``except Exception`` on its way."""


class Interruption:
    """A context that turns the two signals into ``Interrupted``; without it, it never interrupts anything.

    Within the context a signal raises at once until ``defer`` is called. From then on the first one waits for the next
    ``check``, so that an event is never half taken in; a second one raises at once again.

    Where Python lets nothing be raised (what it calls back around a fork, which Ray's start does often), it would print the
    exception and go on; here it stays for the next ``check``.
    """

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        """Starts out raising at once."""
        self._deferring = False
        self._asked = False
        self._before: list[Any] = []
        self._print_unraisable = sys.unraisablehook

    def defer(self) -> None:
        """From now on ``check`` is called often."""
        self._deferring = True

    def ask(self) -> None:
        """Lets the next ``check`` raise: for who runs a search in another thread."""
        self._asked = True

    def check(self) -> None:
        """Raises where a signal has come, and takes the signals over again where ``ray.init`` took them in between.

        Raises:
            Interrupted: as the name says.
        """
        if self._before:
            self._take_over()
        if self._asked:
            raise Interrupted

    def __enter__(self) -> "Interruption":
        self._before = self._take_over()
        sys.unraisablehook = self._on_unraisable
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.unraisablehook = self._print_unraisable
        for number, handler in zip(self._SIGNALS, self._before, strict=True):
            signal.signal(number, handler)
        self._before = []

    def _take_over(self) -> list[Any]:
        """Returns who had the signals."""
        return [signal.signal(number, self._handle) for number in self._SIGNALS]

    def _on_unraisable(self, unraisable: Any) -> None:
        if unraisable.exc_type is not Interrupted:
            self._print_unraisable(unraisable)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self._deferring and not self._asked:
            self._asked = True
            return
        self._asked = True
        raise Interrupted
