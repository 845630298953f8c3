"""The few lengths to which batches are padded: a trade of wasted tokens against compilations.

XLA compiles a step once for every shape. More shapes waste fewer tokens on padding, but each must earn its
compilation. The best choice for a given distribution of lengths is found exactly, by dynamic programming.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from tuner.errors import InputError

GRAIN: Final = 8  # lengths are multiples of it: finer ones save next to nothing
DEFAULT_MAX_BUCKETS: Final = 4
# A compilation takes a second or more, in which XLA on one core trains about this many tokens.
DEFAULT_SHAPE_COST_TOKENS: Final = 100_000


@dataclass(frozen=True)
class Buckets:
    """Lengths of batches, ascending. A text goes to the first that holds it; what is longer than the last is cut there.

    Attributes:
        boundaries: Lengths in tokens, ascending and distinct.
        padding_share: Share (0 to 1) of all positions that is padding, for the texts by which the lengths were chosen.
    """

    boundaries: tuple[int, ...]
    padding_share: float

    @classmethod
    def for_lengths(cls, boundaries: tuple[int, ...], lengths: NDArray[np.integer]) -> Self:
        """Given boundaries, with the share of padding that they mean for texts of these lengths (in tokens)."""
        kept = np.minimum(lengths, boundaries[-1])
        padded = int(np.array(boundaries)[np.searchsorted(boundaries, kept)].sum())
        return cls(boundaries, 1 - int(kept.sum()) / padded if padded else 0.0)

    def positions(self, lengths: NDArray[np.integer]) -> int:
        """Positions, padding included, that texts of these lengths take in one pass."""
        return int(np.array(self.boundaries)[self.assign(lengths)].sum())

    def assign(self, lengths: NDArray[np.integer]) -> NDArray[np.intp]:
        """For texts of these lengths the index of their bucket (same shape)."""
        bucket: NDArray[np.intp] = np.searchsorted(self.boundaries, np.minimum(lengths, self.boundaries[-1]))
        return bucket


def choose_buckets(
    lengths: NDArray[np.integer],
    *,
    max_length: int,
    max_buckets: int = DEFAULT_MAX_BUCKETS,
    shape_cost_tokens: int = DEFAULT_SHAPE_COST_TOKENS,
) -> Buckets:
    """The boundaries with the least positions in one pass over the texts, plus the cost of every further boundary.

    Args:
        lengths: Tokens of each training text, any integer type, [texts].
        max_length: Tokens that models read of a text: no boundary is greater.
        max_buckets: Most boundaries. Default 4.
        shape_cost_tokens: Positions that a further boundary has to save in one pass over the texts. Default 100,000,
            so that small data get one shape. Lower it for slow models or many epochs, raise it for many short trials.

    Raises:
        InputError: There are no texts, or a setting is out of its range.
    """
    if not len(lengths):
        raise InputError("Length buckets need at least one text. Received: 0 texts. Give a data set with rows.")
    if max_length < 1:
        raise InputError(f"max_length must be at least 1 token. Received: {max_length}. Use 400 for long reviews.")
    if max_buckets < 1:
        raise InputError(f"max_buckets must be at least 1. Received: {max_buckets}. Use 1 for a single shape.")
    if shape_cost_tokens < 0:
        raise InputError(f"shape_cost_tokens must not be negative. Received: {shape_cost_tokens}. Use 0 or more.")
    kept = np.minimum(lengths, max_length)
    candidates = _candidates(int(kept.max()), max_length)
    texts_up_to = np.searchsorted(np.sort(kept), candidates, side="right")
    return Buckets.for_lengths(_cheapest(candidates, texts_up_to, max_buckets, shape_cost_tokens), lengths)


def _candidates(longest: int, max_length: int) -> NDArray[np.int64]:
    """Multiples of 8, up to the first that holds the longest text, or to ``max_length`` itself."""
    last = min(-(-longest // GRAIN) * GRAIN, max_length)
    return np.append(np.arange(GRAIN, last, GRAIN, dtype=np.int64), last)


def _cheapest(
    candidates: NDArray[np.int64], texts_up_to: NDArray[np.intp], max_buckets: int, shape_cost_tokens: int
) -> tuple[int, ...]:
    """The boundaries, the last candidate among them, with the least positions plus the cost of each further one."""
    # bucket[i, j]: positions of the texts longer than candidate i and up to candidate j, if j is their boundary.
    bucket = (texts_up_to[None, :] - texts_up_to[:, None]) * candidates[None, :]
    cost = (texts_up_to * candidates).astype(np.float64)  # with one boundary so far, which is j
    cheapest, best_chain = float(cost[-1]), [len(candidates) - 1]
    previous: list[NDArray[np.intp]] = []
    for _ in range(1, max_buckets):
        through = np.where(np.tri(len(candidates), k=-1).T > 0, cost[:, None] + bucket, np.inf)
        previous.append(through.argmin(axis=0))
        cost = through.min(axis=0) + shape_cost_tokens
        if cost[-1] < cheapest:
            cheapest, best_chain = float(cost[-1]), _trace(previous)
    return tuple(int(candidates[index]) for index in best_chain)


def _trace(previous: list[NDArray[np.intp]]) -> list[int]:
    """Follows the choices back from the last candidate; ascending indices of candidates."""
    chain = [len(previous[-1]) - 1]
    for choice in reversed(previous):
        chain.append(int(choice[chain[-1]]))
    return chain[::-1]
