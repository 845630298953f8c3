"""Domains: the sets of values that one hyperparameter can take. Every bound is inclusive."""

import math
from dataclasses import dataclass
from typing import Protocol, TypeGuard, runtime_checkable

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


def _require_order(low: float, high: float, kind: str) -> None:
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"{kind} needs finite bounds; received [{low}, {high}]")
    if low >= high:
        raise ValueError(f"{kind} needs low < high; received [{low}, {high}]; for one value write it alone")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _require_positive(low: float, kind: str) -> None:
    if low <= 0:
        raise ValueError(f"{kind} needs low > 0, a logarithm has no 0; received low={low}")


@dataclass(frozen=True)
class Integer:
    """A whole number from low to high, both included, uniform."""

    low: int
    high: int

    def __post_init__(self) -> None:
        """Refuses an empty range."""
        _require_order(self.low, self.high, "integer")

    def sample(self, generator: np.random.Generator) -> Value:
        """Draws one value; high can come up (NumPy's own upper bound is exclusive)."""
        return int(generator.integers(self.low, self.high, endpoint=True))

    def grid(self) -> tuple[Value, ...]:
        """Every whole number of the range."""
        return tuple(range(self.low, self.high + 1))

    def bounds(self) -> tuple[Value, ...]:
        """Low and high."""
        return (self.low, self.high)

    def __contains__(self, value: object) -> bool:
        """Whether the value lies between the bounds."""
        return _is_number(value) and self.low <= value <= self.high

    def __str__(self) -> str:
        """The domain for people."""
        return f"{self.low} to {self.high}, whole"


@dataclass(frozen=True)
class LogInteger:
    """A whole number from low to high, both included, uniform in its logarithm."""

    low: int
    high: int

    def __post_init__(self) -> None:
        """Refuses an empty range and bounds that have no logarithm."""
        _require_order(self.low, self.high, "log_integer")
        _require_positive(self.low, "log_integer")

    def sample(self, generator: np.random.Generator) -> Value:
        """Draws one value; each end gets its full share of the logarithmic axis."""
        drawn = math.exp(generator.uniform(math.log(self.low - 0.5), math.log(self.high + 0.5)))
        return min(self.high, max(self.low, round(drawn)))

    def grid(self) -> None:
        """None: listing every whole number of a logarithmic range is not what anyone means by a grid."""

    def bounds(self) -> tuple[Value, ...]:
        """Low and high."""
        return (self.low, self.high)

    def __contains__(self, value: object) -> bool:
        """Whether the value lies between the bounds."""
        return _is_number(value) and self.low <= value <= self.high

    def __str__(self) -> str:
        """The domain for people."""
        return f"{self.low} to {self.high}, whole, logarithmic"


@dataclass(frozen=True)
class Uniform:
    """A number from low to high, uniform."""

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuses an empty range."""
        _require_order(self.low, self.high, "uniform")

    def sample(self, generator: np.random.Generator) -> Value:
        """Draws one value."""
        return float(generator.uniform(self.low, self.high))

    def grid(self) -> None:
        """None: the range is continuous."""

    def bounds(self) -> tuple[Value, ...]:
        """Low and high."""
        return (self.low, self.high)

    def __contains__(self, value: object) -> bool:
        """Whether the value lies between the bounds."""
        return _is_number(value) and self.low <= value <= self.high

    def __str__(self) -> str:
        """The domain for people."""
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class LogUniform:
    """A number from low to high, uniform in its logarithm."""

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuses an empty range and bounds that have no logarithm."""
        _require_order(self.low, self.high, "log_uniform")
        _require_positive(self.low, "log_uniform")

    def sample(self, generator: np.random.Generator) -> Value:
        """Draws one value, never outside the bounds by rounding."""
        drawn = math.exp(generator.uniform(math.log(self.low), math.log(self.high)))
        return min(self.high, max(self.low, drawn))

    def grid(self) -> None:
        """None: the range is continuous."""

    def bounds(self) -> tuple[Value, ...]:
        """Low and high."""
        return (self.low, self.high)

    def __contains__(self, value: object) -> bool:
        """Whether the value lies between the bounds."""
        return _is_number(value) and self.low <= value <= self.high

    def __str__(self) -> str:
        """The domain for people."""
        return f"{self.low:g} to {self.high:g}, logarithmic"
