"""The space of a custom model, discovered by building it again and again."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras

from search_spaces.domains import Value
from tuner.models.custom.building import check_loss, checked
from tuner.models.custom.finding import Build, HyperModelError, ModelFacts, raised_by

# A build takes some tenths of a second; what so many of them do not show is seldom a hyperparameter.
_MOST_VARIATIONS = 60
_MOST_VALUES = 8


def discover(build: Build, facts: ModelFacts, *, root: Path) -> Any:
    """KerasTuner's ``HyperParameters`` with all that the model declares, conditional scopes kept.

    First every hyperparameter has its default, and the model must be one for these data. Then, as KerasTuner does, each
    conditional scope that was not active is made so. At last each hyperparameter is given its other values, one after the
    other, which also shows what is declared without a scope, in a loop over a number of layers for instance; a build that
    fails there would fail its trials alone, so it is passed over.

    Raises:
        HyperModelError: where the model cannot be built, or is none for these data.
    """
    return _Discovery(build, facts, root).run()


class _Discovery:
    """Builds and takes in; ``declared`` is what was declared so far."""

    def __init__(self, build: Build, facts: ModelFacts, root: Path) -> None:
        from keras_tuner import HyperParameters

        self._build, self._facts, self._root = build, facts, root
        self.declared: Any = HyperParameters()

    def run(self) -> Any:
        scopes = _Scopes()
        model = self._look({}, scopes)
        with self._explained("gives a model that cannot take token ids, int32 [batch, time]: "):
            built = checked(model, self._facts)
        labels = "one-hot, float32 [batch, classes]" if built.one_hot else "class indices, int32 [batch]"
        with self._explained(f"gives a model whose loss or metrics cannot take labels that are {labels}: "):
            check_loss(built, self._facts)
        while (scope := scopes.never_active()) is not None:
            before = scopes.seen()
            self._look({condition.name: condition.values[0] for condition in scope}, scopes)
            if scopes.never_active() == scope and scopes.seen() == before:
                names = " and ".join(f"{condition.name}={condition.values[0]}" for condition in scope)
                raise HyperModelError(
                    f"has a conditional scope that is never entered, not with {names} either; take it out"
                )
        for count, wanted in enumerate(self._variations()):
            if count == _MOST_VARIATIONS:
                break
            try:
                self._look(wanted, scopes)
            except HyperModelError:
                continue
        return self.declared

    def _look(self, wanted: Mapping[str, Value], scopes: "_Scopes") -> Any:
        """Builds with these values, all others at their defaults, and takes in what is declared."""
        keras.utils.clear_session()
        asked = self.declared.copy()
        asked.values = self._values(wanted)
        with self._explained("raised "):
            model = self._build(asked)
        self.declared.merge(asked, overwrite=False)
        scopes.take_in(asked)
        return model

    def _values(self, wanted: Mapping[str, Value]) -> dict[str, Value]:
        """A value of every hyperparameter that is active under these, in the order of declaration."""
        values: dict[str, Value] = {}
        for entry in self.declared.space:
            if all(condition.is_active(values) for condition in entry.conditions):
                values[entry.name] = wanted.get(entry.name, entry.default)
        return values

    def _variations(self) -> Iterator[dict[str, Value]]:
        """One hyperparameter at another value at a time, with whatever makes it active; those found on the way, too."""
        for entry in self._growing():
            parents = {condition.name: condition.values[0] for condition in entry.conditions}
            for value in _other_values(entry):
                yield {**parents, entry.name: value}

    def _growing(self) -> Iterator[Any]:
        """What is declared, with what is added while it is gone through."""
        place = 0
        while place < len(self.declared.space):
            yield self.declared.space[place]
            place += 1

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """Turns what the user's code raises into one line that begins with ``what``."""
        try:
            yield
        except HyperModelError:
            raise
        except Exception as error:  # noqa: BLE001  the user's code
            raise HyperModelError(f"{what}{raised_by(error, self._root)}") from None


class _Scopes:
    """The conditional scopes that builds passed, and whether they were active in any."""

    def __init__(self) -> None:
        self._active: list[Any] = []
        self._inactive: list[Any] = []

    def take_in(self, asked: Any) -> None:
        self._active += [scope for scope in asked.active_scopes if scope not in self._active]
        self._inactive += [scope for scope in asked.inactive_scopes if scope not in self._inactive]

    def seen(self) -> int:
        return len(self._active) + len(self._inactive)

    def never_active(self) -> Any | None:
        """The first that was never active."""
        return next((scope for scope in self._inactive if scope not in self._active), None)


def _other_values(entry: Any) -> list[Value]:
    """Values that may change what is declared: of a choice the first few, of whole numbers the ends, of others none."""
    match type(entry).__name__:
        case "Choice":
            values: list[Value] = list(entry.values)[:_MOST_VALUES]
        case "Boolean":
            values = [False, True]
        case "Int":
            values = [entry.max_value, entry.min_value]
        case _:
            values = []
    return [value for value in values if value != entry.default]
