"""The options of schedulers, and what is chosen where nothing is said."""

from dataclasses import dataclass, fields
from typing import Any

from tuner.errors import InputError
from tuner.runs.settings import SchedulerSettings
from tuner.search.registry import scheduler_spec
from tuner.search.schedulers.halving import default_grace_period, rung_epochs

REDUCTION_FACTOR = 3


@dataclass(frozen=True)
class SchedulerOptions:
    """What a user asks of early stopping; None means "choose for me".

    Attributes:
        name: of the table of schedulers.
        grace_period: epochs before the first comparison; by default the square root of the epochs, rounded down.
        reduction_factor: one in how many goes on; 3 by default.
        rungs: epochs of the comparisons, instead of the grace period times powers of the reduction factor.
        promotion: whether trials pause at a rung until they are promoted.
        perturbation_interval: epochs between the exchanges of a population; by default a grace period's.
    """

    name: str = "asha"
    grace_period: int | None = None
    reduction_factor: int | None = None
    rungs: tuple[int, ...] | None = None
    promotion: bool = False
    perturbation_interval: int | None = None

    def given(self) -> dict[str, object]:
        """Those that the user gave."""
        values = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "name"}
        return {name: value for name, value in values.items() if value is not None and value is not False}


def resolve(options: SchedulerOptions, *, epochs: int) -> SchedulerSettings:
    """The scheduler with everything chosen.

    Raises:
        InputError: for an option that the scheduler does not have or that is out of its range.
    """
    applicable = scheduler_spec(options.name).options
    for name, value in options.given().items():
        if name not in applicable:
            has = ", ".join(f"`{option}`" for option in sorted(applicable)) or "no options"
            raise InputError(f"`scheduler={options.name!r}` has {has}; leave it out", option=name, value=value)
    _check_ranges(options, epochs)
    grace = options.grace_period or default_grace_period(epochs)
    factor = options.reduction_factor or REDUCTION_FACTOR
    chosen: dict[str, Any] = {
        "grace_period": grace if options.rungs is None else None,
        "reduction_factor": factor,
        "rungs": options.rungs or rung_epochs(grace, factor, epochs),
        "promotion": options.promotion,
        "perturbation_interval": options.perturbation_interval or default_grace_period(epochs),
    }
    return SchedulerSettings(name=options.name, **{name: chosen[name] for name in applicable})


def _check_ranges(options: SchedulerOptions, epochs: int) -> None:
    grace, factor, interval = options.grace_period, options.reduction_factor, options.perturbation_interval
    if factor is not None and factor < 2:
        raise InputError("one in so many trials goes on; must be at least 2", option="reduction_factor", value=factor)
    for option, value in (("grace_period", grace), ("perturbation_interval", interval)):
        if value is not None and not 1 <= value <= epochs:
            raise InputError(f"must be between 1 and `epochs` ({epochs})", option=option, value=value)
    if options.rungs is not None:
        if grace is not None:
            raise InputError(
                "`rungs` says already when trials are compared; give one of them", option="grace_period", value=grace
            )
        ascending = list(options.rungs) == sorted(set(options.rungs))
        if not options.rungs or not ascending or options.rungs[0] < 1 or options.rungs[-1] >= epochs:
            raise InputError(
                f"must be ascending epochs from 1 to {epochs - 1}, before the last of `epochs={epochs}`",
                option="rungs",
                value=options.rungs,
            )
