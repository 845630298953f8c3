"""Domains: the sets of values that one hyperparameter can take. Every bound is inclusive."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

import numpy as np

Value = bool | int | float | str


class Domain(Protocol):
    """A set of values that can be drawn from."""

    def sample(self, generator: np.random.Generator) -> Value:
        """Draws one value."""
        ...

    def grid(self) -> tuple[Value, ...] | None:
        """All values in order, or None where there are infinitely many."""
        ...

    def bounds(self) -> tuple[Value, ...]:
        """The values that must be legal for all of the domain to be legal."""
        ...

    def __contains__(self, value: object) -> bool: ...


@dataclass(frozen=True)
class Choice:
    """One of the listed values, all equally likely. A fixed value is a choice of one."""

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("choice is empty; give at least one value")
        if len({(type(value), value) for value in self.values}) < len(self.values):
            raise ValueError(f"choice repeats a value; received {list(self.values)}; name each value once")

    def sample(self, generator: np.random.Generator) -> Value:
        """Draws one value, uniformly."""
        return self.values[int(generator.integers(len(self.values)))]

    def grid(self) -> tuple[Value, ...]:
        """The values as they were listed."""
        return self.values

    def bounds(self) -> tuple[Value, ...]:
        """The values as they were listed."""
        return self.values

    def __contains__(self, value: object) -> bool:
        return value in self.values

    def __str__(self) -> str:
        return " | ".join(str(value) for value in self.values)


Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class _Range(Generic[Number]):
    """What ranges and grids have in common: two inclusive bounds."""

    low: Number
    high: Number

    KIND: ClassVar[str]
    LOGARITHMIC: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise ValueError(f"{self.KIND} needs finite bounds; received [{self.low}, {self.high}]")
        if self.low >= self.high:
            raise ValueError(
                f"{self.KIND} needs low < high; received [{self.low}, {self.high}]; for one value write it alone"
            )
        if self.LOGARITHMIC and self.low <= 0:
            raise ValueError(f"{self.KIND} needs low > 0, a logarithm has no 0; received low={self.low}")

    def grid(self) -> tuple[Value, ...] | None:
        """None: the range is continuous, or so long that nobody means all of it."""
        return None

    def bounds(self) -> tuple[Value, ...]:
        """Low and high."""
        return (self.low, self.high)

    def __contains__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}" + (", logarithmic" if self.LOGARITHMIC else "")


@dataclass(frozen=True)
class Integer(_Range[int]):
    """A whole number from low to high, both included, uniform."""

    KIND = "integer"

    def sample(self, generator: np.random.Generator) -> Value:
        """Draws one value; high can come up (NumPy's own upper bound is exclusive)."""
        return int(generator.integers(self.low, self.high, endpoint=True))

    def grid(self) -> tuple[Value, ...]:
        """Every whole number of the range."""
        return tuple(range(self.low, self.high + 1))


@dataclass(frozen=True)
class LogInteger(_Range[int]):
    """A whole number from low to high, both included, uniform in its logarithm."""

    KIND = "log_integer"
    LOGARITHMIC = True

    def sample(self, generator: np.random.Generator) -> Value:
        """Draws one value; each end gets its full share of the logarithmic axis."""
        drawn = math.exp(generator.uniform(math.log(self.low - 0.5), math.log(self.high + 0.5)))
        return min(self.high, max(self.low, round(drawn)))


@dataclass(frozen=True)
class Uniform(_Range[float]):
    """A number from low to high, uniform."""

    KIND = "uniform"

    def sample(self, generator: np.random.Generator) -> Value:
        """Draws one value."""
        return float(generator.uniform(self.low, self.high))


@dataclass(frozen=True)
class LogUniform(_Range[float]):
    """A number from low to high, uniform in its logarithm."""

    KIND = "log_uniform"
    LOGARITHMIC = True

    def sample(self, generator: np.random.Generator) -> Value:
        """Draws one value, never outside the bounds by rounding."""
        drawn = math.exp(generator.uniform(math.log(self.low), math.log(self.high)))
        return min(self.high, max(self.low, drawn))


@dataclass(frozen=True)
class Grid(_Range[Number]):
    """Evenly spaced numbers from low to high, both included: a range of which a grid search can try every point.

    Attributes:
        points: how many, at least 2. Where both bounds are whole numbers, so are all points, rounded half up.
    """

    points: int

    KIND = "grid"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high)) or self.low >= self.high:
            raise ValueError(f"{self.KIND} needs finite low < high; received [{self.low}, {self.high}, {self.points}]")
        if self.points < 2:
            raise ValueError(
                f"{self.KIND} needs at least 2 points; received {self.points}; for one value write it alone"
            )
        super().__post_init__()
        if len(set(self.grid())) < self.points:
            raise ValueError(
                f"{self.KIND}: {self.points} whole numbers from {self.low} to {self.high} are not distinct; ask for fewer"
            )

    def grid(self) -> tuple[Value, ...]:
        """The points, ascending."""
        spaced = (np.geomspace if self.LOGARITHMIC else np.linspace)(self.low, self.high, self.points)
        between: list[float] = spaced[1:-1].tolist()
        if isinstance(self.low, int) and isinstance(self.high, int):
            return (self.low, *(math.floor(point + 0.5) for point in between), self.high)
        # Twelve digits: 0.30000000000000004 is not what anybody asked for.
        return (self.low, *(float(f"{point:.12g}") for point in between), self.high)

    def sample(self, generator: np.random.Generator) -> Value:
        """Draws one point, all equally likely."""
        return self.grid()[int(generator.integers(self.points))]

    def __contains__(self, value: object) -> bool:
        return not isinstance(value, bool) and value in self.grid()

    def __str__(self) -> str:
        return " | ".join(f"{point:g}" for point in self.grid())


@dataclass(frozen=True)
class LogGrid(Grid[Number]):
    """Numbers from low to high, both included, each the same multiple of the one before."""

    KIND = "log_grid"
    LOGARITHMIC = True


def grid_of(values: Sequence[Value]) -> Grid[float] | None:
    """The grid that has exactly these points, None where there is none."""
    numbers = [value for value in values if not isinstance(value, (bool, str))]
    if len(numbers) < max(2, len(values)):
        return None
    for kind in (Grid, LogGrid):
        try:
            found = kind(numbers[0], numbers[-1], len(numbers))
        except ValueError:  # no such grid: the values fall, repeat, or have no logarithm
            continue
        if found.grid() == tuple(numbers):
            return found
    return None
