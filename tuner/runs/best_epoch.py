"""The best epoch of a trial, as its worker, the search and a confirmation count it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BestEpoch:
    """The epoch of highest score so far, the earliest where several share it; epoch 0 before the first."""

    epoch: int = 0
    score: float | None = None

    def after(self, epoch: int, score: float | None) -> "BestEpoch":
        """The best epoch once this one ended: a new one where it improves, else this very object.

        Args:
            epoch: counted from 1.
            score: of the objective, None where it has none; higher is better.
        """
        improves = score is not None and (self.score is None or score > self.score)
        return BestEpoch(epoch, score) if improves else self

    def is_out_of_patience(self, epoch: int, patience: int | None) -> bool:
        """Whether ``patience`` epochs have ended without a better one by the end of ``epoch``; never where it is None."""
        return patience is not None and epoch - self.epoch >= patience
