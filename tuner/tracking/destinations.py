"""The trackers that a run can be told to, and where each of them is. Light: the command line checks its options by it."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from tuner.errors import InputError

_SQLITE = "sqlite:///"
_HIDDEN = "***"


@dataclass(frozen=True)
class TrackerKind:
    """A tracker.

    Attributes:
        package: what is imported for it.
        distribution: what brings it.
        default: where it writes unless something else is said, below the current folder.
        variable: the environment variable that names another place.
    """

    package: str
    distribution: str
    default: str
    variable: str | None = None


KINDS = {
    "mlflow": TrackerKind("mlflow", "mlflow-skinny", "sqlite:///mlflow.db", "MLFLOW_TRACKING_URI"),
    "tensorboard": TrackerKind("tensorboardX", "tensorboardX", "tensorboard"),
    "optuna": TrackerKind("optuna", "optuna", "sqlite:///optuna.db"),
}


@dataclass(frozen=True)
class Destination:
    """A tracker and its place, as ``KIND=PLACE``.

    Attributes:
        kind: one of ``KINDS``.
        place: a folder, or a URL.
    """

    kind: str
    place: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads ``mlflow`` or ``mlflow=URI``; what is relative is made absolute, so that a resumption elsewhere finds it.

        Raises:
            ValueError: where there is no such tracker, or the place is none of its kind; one line.
        """
        name, _, place = text.partition("=")
        kind = KINDS.get(name)
        if kind is None:
            raise ValueError(f"{text!r} is no tracker; give one of {', '.join(KINDS)}, or for instance mlflow=URI")
        place = place or (os.environ.get(kind.variable or "") or kind.default)
        if name == "optuna" and "://" not in place:
            raise ValueError(f"{text!r}: Optuna's storage is a URL; write for instance optuna=sqlite:///optuna.db")
        return cls(name, _absolute(place))

    def __str__(self) -> str:
        return f"{self.kind}={self.place}"

    @property
    def shown(self) -> str:
        """As people may read it: without a password."""
        return f"{self.kind}={_without_password(self.place)}"

    @property
    def is_complete(self) -> bool:
        """False where a password was taken out of it."""
        return f":{_HIDDEN}@" not in self.place

    def check(self) -> None:
        """Checks that what it needs is installed.

        Raises:
            InputError: one line that says how to install it.
        """
        kind = KINDS[self.kind]
        if find_spec(kind.package) is None:
            raise InputError(
                f"{self.shown}: needs the package {kind.package}; install it: pip install {kind.distribution}"
            )


def destinations(track: Iterable[str]) -> list[Destination]:
    """The destinations of a search, each once, and checked.

    Raises:
        InputError: where one is unknown, or its package is missing.
    """
    found = []
    for text in dict.fromkeys(track):
        try:
            found.append(Destination.parse(text))
        except ValueError as error:
            raise InputError(str(error)) from None
        found[-1].check()
    return list(dict.fromkeys(found))


def remembered(track: Iterable[str]) -> tuple[list[Destination], list[str]]:
    """The destinations that a run was begun with, and sentences about those that cannot be told now."""
    found, notes = [], []
    for text in track:
        destination = Destination.parse(text)
        if not destination.is_complete:
            notes.append(f"note: {text} is left out, since runs keep no passwords; give it again with `track`")
            continue
        try:
            destination.check()
            found.append(destination)
        except InputError as error:
            notes.append(f"note: {text} is left out: {error.args[0]}")
    return found, notes


def recorded(track: Iterable[str]) -> tuple[str, ...]:
    """What ``search.yaml`` keeps of destinations: no passwords, since runs are passed on."""
    return tuple(Destination.parse(text).shown for text in track)


def _absolute(place: str) -> str:
    if place.startswith(_SQLITE):
        path = place.removeprefix(_SQLITE)
        return place if path == ":memory:" or not path else f"{_SQLITE}{Path(path).absolute()}"
    return place if "://" in place or ":" in place.partition("/")[0] else str(Path(place).absolute())


def _without_password(place: str) -> str:
    parts = urlsplit(place)
    if parts.password is None:
        return place
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:{_HIDDEN}@{host}"))
