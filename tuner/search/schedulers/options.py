"""The options of schedulers, and what is chosen where nothing is said."""

import math
from dataclasses import dataclass, fields
from typing import Any

from tuner.errors import InputError
from tuner.formatting import epochs_text
from tuner.runs.best_epoch import epochs_after, reports_within
from tuner.runs.settings import SchedulerSettings
from tuner.search.registry import scheduler_spec
from tuner.search.schedulers.halving import default_grace_period, rung_epochs

REDUCTION_FACTOR = 3


@dataclass(frozen=True)
class SchedulerOptions:
    """What a user asks of early stopping; None means "choose for me".

    Attributes:
        name: of the table of schedulers.
        grace_period: epochs before the first comparison; by default the square root of a trial's reports, rounded down.
        reduction_factor: one in how many goes on; 3 by default.
        rungs: epochs of the comparisons, instead of the grace period times powers of the reduction factor.
        promotion: whether trials pause at a rung until they are promoted.
        perturbation_interval: epochs between the exchanges of a population; by default a grace period's.
    """

    name: str = "asha"
    grace_period: float | None = None
    reduction_factor: int | None = None
    rungs: tuple[float, ...] | None = None
    promotion: bool = False
    perturbation_interval: float | None = None

    def given(self) -> dict[str, object]:
        """Those that the user gave."""
        values = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "name"}
        return {name: value for name, value in values.items() if value is not None and value is not False}


def resolve(options: SchedulerOptions, *, epochs: int, reports_per_epoch: int = 1) -> SchedulerSettings:
    """The scheduler with everything chosen, in epochs.

    Raises:
        InputError: for an option that the scheduler does not have or that is out of its range.
    """
    applicable = scheduler_spec(options.name).options
    for name, value in options.given().items():
        if name not in applicable:
            has = ", ".join(f"`{option}`" for option in sorted(applicable)) or "no options"
            raise InputError(f"`scheduler={options.name!r}` has {has}; leave it out", option=name, value=value)
    _check_ranges(options, epochs)
    given = {
        name: _reports(name, value, reports_per_epoch)
        for name, value in (
            ("grace_period", options.grace_period),
            ("perturbation_interval", options.perturbation_interval),
        )
    }
    rungs = tuple(_reports("rungs", rung, reports_per_epoch) or 0 for rung in options.rungs or ())
    reports = epochs * reports_per_epoch
    grace = given["grace_period"] or default_grace_period(reports)
    interval = given["perturbation_interval"] or default_grace_period(reports)
    factor = options.reduction_factor or REDUCTION_FACTOR
    chosen: dict[str, Any] = {
        "grace_period": epochs_after(grace, reports_per_epoch) if options.rungs is None else None,
        "reduction_factor": factor,
        "rungs": tuple(epochs_after(rung, reports_per_epoch) for rung in rungs or rung_epochs(grace, factor, reports)),
        "promotion": options.promotion,
        "perturbation_interval": epochs_after(interval, reports_per_epoch),
    }
    return SchedulerSettings(name=options.name, **{name: chosen[name] for name in applicable})


def in_reports(scheduler: SchedulerSettings, per_epoch: int) -> SchedulerSettings:
    """The settings as schedulers count them, which know reports and not epochs."""

    def counted(epochs: float | None) -> int | None:
        return None if epochs is None else reports_within(epochs, per_epoch)

    return scheduler.model_copy(
        update={
            "grace_period": counted(scheduler.grace_period),
            "rungs": tuple(reports_within(rung, per_epoch) for rung in scheduler.rungs),
            "perturbation_interval": counted(scheduler.perturbation_interval),
        }
    )


def _reports(option: str, epochs: float | None, per_epoch: int) -> int | None:
    """The reports that a user's number of epochs has.

    Raises:
        InputError: where no report comes there.
    """
    if epochs is None:
        return None
    reports = reports_within(epochs, per_epoch)
    if not math.isclose(reports, epochs * per_epoch, abs_tol=1e-3) or not reports:
        every = f"every {epochs_text(1 / per_epoch)} epochs" if per_epoch > 1 else "after every epoch"
        raise InputError(
            f"trials report {every}; give multiples of that, or more `reports_per_epoch`",
            option=option,
            value=epochs,
        )
    return reports


def _check_ranges(options: SchedulerOptions, epochs: int) -> None:
    grace, factor, interval = options.grace_period, options.reduction_factor, options.perturbation_interval
    if factor is not None and factor < 2:
        raise InputError("one in so many trials goes on; must be at least 2", option="reduction_factor", value=factor)
    for option, value in (("grace_period", grace), ("perturbation_interval", interval)):
        if value is not None and not 0 < value <= epochs:
            raise InputError(f"must be more than 0 and at most `epochs` ({epochs})", option=option, value=value)
    if options.rungs is not None:
        if grace is not None:
            raise InputError(
                "`rungs` says already when trials are compared; give one of them", option="grace_period", value=grace
            )
        ascending = list(options.rungs) == sorted(set(options.rungs))
        if not options.rungs or not ascending or options.rungs[0] <= 0 or options.rungs[-1] >= epochs:
            raise InputError(
                f"must be ascending epochs, more than 0 and less than `epochs={epochs}`",
                option="rungs",
                value=options.rungs,
            )
