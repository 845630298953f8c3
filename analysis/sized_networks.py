"""Configurations of a run's space with a wanted number of parameters, counted exactly before anything is built."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search_spaces.config import CombinationError, TrialConfig, config_of
from search_spaces.domains import Value
from search_spaces.portfolio import nearest
from tuner.errors import InputError
from tuner.models.counting import count_parameters
from tuner.models.network_spec import Network, network_of
from tuner.runs.settings import SearchSettings

SCALED = ("layers", "units", "embedding", "vocabulary")
"""Hyperparameters that grow with a network's size: depth, width, word vectors and the words that have one."""

WITHIN = 0.1
"""How far a count may be from the wanted one, as a share of it."""

_STEPS = {1.25: 2, 1.5: 4, 2.0: 6, 3.0: 8, 5.0: 8, math.inf: 16}
"""How many times more or less than predicted a value may be, and how many of the nearest such values are tried, until one
combination has the wanted size."""
_CURVE = np.geomspace(1 / 30, 30, 301)
"""Sizes along the predictions that are looked at, as shares of the wanted one."""

Predicted = Callable[[float], Mapping[str, float]]


class Sized(NamedTuple):
    """A configuration with the network that it means on the run's data, and the parameters of that."""

    config: TrialConfig
    network: Network
    parameters: int


class SizedNetworks:
    """Makes and counts configurations of the space of a run."""

    def __init__(self, settings: SearchSettings) -> None:
        """Of a run of the built-in networks."""
        self._space = settings.resolved_space()
        self._words, self._classes = settings.data.vocabulary_size, len(settings.data.label_names)
        self._vectors_width = settings.vectors.width if settings.vectors else None

    def of(self, config: TrialConfig) -> Sized:
        """The network of a configuration, counted."""
        network = network_of(
            config, vocabulary_size=self._words, classes=self._classes, vectors_width=self._vectors_width
        )
        return Sized(config, network, count_parameters(network).total)

    def nearest(self, base: TrialConfig, predicted: Predicted, size: int) -> Sized | None:
        """The configuration next to the predicted ones whose count is nearest to a size.

        Each scaled hyperparameter takes values of its list or range in the space; those that formulas give follow from the
        others, but for formulas of variables, which no run keeps: there every whole number will do. First come values that
        are near to predicted ones, then farther ones, until a count is within 10 % of the size.

        Args:
            base: what else there is to a configuration.
            predicted: the scaled hyperparameters by name, as numbers, at a number of parameters.
            size: the wanted one.

        Returns:
            It may be farther from the size than 10 %: then the space has nothing nearer, of which every value of a list of at
            most 16 is tried, and 16 of longer ones. None where no values that were tried can be combined.
        """
        values = {name: self._values(name, base) for name in SCALED}
        # Rounded values have another size than predicted: the point of the curve is taken whose own is the wanted one.
        start, best = float(size), None
        for point in sorted((size * _CURVE).tolist(), key=lambda point: abs(math.log(point / size))):
            at = predicted(point)
            found = self._made(base, [_closest(values[name], at.get(name), 1.0)[0] for name in SCALED])
            if found is not None and _is_nearer(found, best, size):
                start, best = point, found
        at = predicted(start)
        for step in _STEPS:
            for chosen in product(*(_closest(values[name], at.get(name), step) for name in SCALED)):
                found = self._made(base, chosen)
                if found is not None and _is_nearer(found, best, size):
                    best = found
            if best is not None and is_within(best.parameters, size):
                break
        return best

    def _values(self, name: str, base: TrialConfig) -> NDArray[np.int64]:
        """What a scaled hyperparameter may be, ascending; of vocabularies that are cut to the same one the smallest."""
        space, fixed = self._space, np.array([getattr(base, name)])
        if name == "embedding" and (base.input == "one_hot" or base.vectors != "none"):
            return fixed
        if name in space.parameters:
            domain = space.parameters[name]
            grid = domain.grid()
            low, high = (domain.bounds()[0], domain.bounds()[-1])
            found = np.arange(int(low), int(high) + 1) if grid is None else np.unique(np.array(grid, np.int64))
        elif name in space.formulas and space.variables:
            low, high = _bounds(name)
            found = np.arange(low, high + 1)
        else:
            return fixed
        if name == "vocabulary":
            _, first = np.unique(np.minimum(found, self._words), return_index=True)
            found = found[first]
        return found

    def _made(self, base: TrialConfig, chosen: Sequence[int]) -> Sized | None:
        """The configuration with these scaled hyperparameters; None where they mean nothing together."""
        space, values = self._space, dict[str, Value]()
        wanted: dict[str, Value] = base.model_dump() | dict(zip(SCALED, chosen, strict=True))
        try:
            if not space.variables:
                for name, domain in space.parameters.items():
                    if space.active(name, values):
                        values[name] = nearest(domain, wanted[name])
                wanted = space.config(values).model_dump()
            found = self.of(config_of(wanted))
        except (CombinationError, InputError):  # the latter of a width that pretrained vectors do not have
            return None
        return None if space.max_params is not None and found.parameters > space.max_params else found


def is_within(parameters: int, size: int) -> bool:
    """Whether a count is near enough to the wanted one."""
    return abs(parameters - size) <= WITHIN * size


def _is_nearer(found: Sized, best: Sized | None, size: int) -> bool:
    return best is None or abs(found.parameters - size) < abs(best.parameters - size)


def _bounds(name: str) -> tuple[int, int]:
    """The smallest and the largest value that a hyperparameter can have at all."""
    schema = TrialConfig.model_json_schema()["properties"][name]
    return schema["minimum"], schema["maximum"]


def _closest(values: NDArray[np.int64], wanted: float | None, step: float) -> list[int]:
    """Values that are at most so many times more or less than the wanted one, else the nearest; the nearest first."""
    if wanted is None or len(values) == 1:
        return [int(values[0])]
    most = _STEPS.get(step, 1)
    if step == math.inf and len(values) > most:  # of many, some from the smallest to the largest
        values = values[np.unique(np.geomspace(1, len(values), most).astype(int) - 1)]
    distances = np.abs(np.log(values / wanted))
    near = max(1, min(most, int((distances <= math.log(step)).sum())))
    return [int(value) for value in values[np.argsort(distances, kind="stable")[:near]]]
