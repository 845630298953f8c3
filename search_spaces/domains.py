"""Domains: the sets of values that one hyperparameter can take. Every bound is inclusive."""

import math
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np

Value = bool | int | float | str


@runtime_checkable
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

    def __contains__(self, value: object) -> bool:
        """Whether the domain can give this value."""
        ...


@dataclass(frozen=True)
class Choice:
    """One of the listed values, all equally likely. A fixed value is a choice of one."""

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        """Refuses an empty list and repeated values."""
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
        """Whether the value is listed."""
        return value in self.values

    def __str__(self) -> str:
        """The domain for people."""
        return " | ".join(str(value) for value in self.values)


Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class _Range(Generic[Number]):
    """What the four ranges have in common: two inclusive bounds."""

    low: Number
    high: Number

    KIND: ClassVar[str]
    LOGARITHMIC: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuses an empty range, and bounds that have no logarithm where one is needed."""
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
        """Whether the value lies between the bounds."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return self.low <= value <= self.high

    def __str__(self) -> str:
        """The domain for people."""
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
