"""Epochs as a trial's worker, the search and a confirmation count them, parts of epochs included, and the best of them."""

from dataclasses import dataclass

_ROUNDING = 1e-6


def epochs_after(reports: int, per_epoch: int) -> int | float:
    """The epochs that so many reports make: a whole number, an int, where the last of them is complete."""
    whole, part = divmod(reports, per_epoch)
    return reports / per_epoch if part else whole


def reports_within(epochs: float, per_epoch: int) -> int:
    """The reports that so many epochs have, which must be a multiple of what lies between two."""
    return round(epochs * per_epoch)


@dataclass(frozen=True)
class BestEpoch:
    """The epoch of highest score so far, the earliest where several share it; epoch 0 before the first."""

    epoch: int | float = 0
    score: float | None = None

    def after(self, epoch: float, score: float | None) -> "BestEpoch":
        """The best epoch once this one ended: a new one where it improves, else this very object.

        Args:
            epoch: that have been trained, a fraction where it is not complete.
            score: of the objective, None where it has none; higher is better.
        """
        improves = score is not None and (self.score is None or score > self.score)
        return BestEpoch(epoch, score) if improves else self

    def is_out_of_patience(self, epoch: float, patience: int | None) -> bool:
        """Whether ``patience`` epochs have passed without a better score after ``epoch`` of them; never where it is None."""
        return patience is not None and epoch - self.epoch >= patience - _ROUNDING
