"""Batches from flat arrays: few lengths to pad to, padding on the right, the same order for the same seed.

XLA compiles a step once for every shape. More shapes waste fewer tokens on padding, but each must earn its
compilation. The best choice for a given distribution of lengths is found exactly, by dynamic programming.

Every batch of a bucket has the shape [rows, boundary of the bucket], where the rows are the same in all buckets or
share a budget of tokens. What does not fill a batch moves up to
the next longer bucket, so that only the very last batch of the longest one can be short; it is filled up with rows
of weight 0.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.data.vocabulary import PADDING_ID, UNKNOWN_ID
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
        padded = cls(boundaries, 0.0).positions(lengths)
        return cls(boundaries, 1 - int(np.minimum(lengths, boundaries[-1]).sum()) / padded if padded else 0.0)

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


FILLER: Final = -1  # the row number of a filled-up row


class Targets(NamedTuple):
    """What a teacher says of one step's texts.

    Attributes:
        probabilities: float32 [batch, classes].
        label_weights: float32 [batch], the share of the label in a text's loss; the teacher has the rest.
        labelled: float32 [batch]: 1, or 0 for a text without a label.
    """

    probabilities: NDArray[np.float32]
    label_weights: NDArray[np.float32]
    labelled: NDArray[np.float32]


class Batch(NamedTuple):
    """One step's texts.

    Attributes:
        tokens: int32 [batch, length], ids; 0 right of a text's end.
        lengths: int32 [batch], tokens of each text: 1 to length.
        labels: int32 [batch], class indices.
        weights: float32 [batch]: 1, or 0 for a row that only fills up the batch (length 1, token unknown, label 0).
        targets: of a teacher, None where there is none.
    """

    tokens: NDArray[np.int32]
    lengths: NDArray[np.int32]
    labels: NDArray[np.int32]
    weights: NDArray[np.float32]
    targets: Targets | None = None


def buckets_of(data: EncodedSplits, *, compiled: bool) -> Buckets:
    """Length buckets that suit a search's texts and hold the longest of both parts.

    Args:
        compiled: whether every length costs a compilation (at most four, each has to pay for itself), or a program takes
            batches of any length (up to eight; short batches of leftovers are then all that speaks against more).
    """
    lengths = np.concatenate([data.train.lengths, data.validation.lengths])
    return choose_buckets(lengths, max_length=int(lengths.max())) if compiled else plain_buckets(lengths)


def plain_buckets(lengths: NDArray[np.int64]) -> Buckets:
    """Length buckets for texts of these lengths where no length costs a compilation; they hold the longest."""
    return choose_buckets(lengths, max_length=int(lengths.max()), max_buckets=8, shape_cost_tokens=len(lengths) // 4)


@dataclass(frozen=True, eq=False)
class TrainingBatches:
    """Batches of an epoch, or of a part of one, that are assembled as they are asked for.

    Attributes:
        data: the texts.
        plan: boundary and row numbers (int64, -1 where a row only fills up the batch) of every batch of the whole epoch.
        first: the first batch that is asked for.
        last: the one after the last.
    """

    data: EncodedDataset
    plan: Sequence[tuple[int, NDArray[np.int64]]]
    first: int
    last: int

    def part(self, number: int, count: int) -> "TrainingBatches":
        """Part ``number``, counted from 0, of ``count`` parts of the epoch, which have as many batches each as can be.

        Raises:
            InputError: there are fewer batches than parts.
        """
        batches = len(self.plan)
        if batches < count:
            raise InputError(
                f"an epoch has {batches} batches, fewer than its {count} reports; use smaller batches or fewer reports"
            )
        return replace(self, first=batches * number // count, last=batches * (number + 1) // count)

    @property
    def texts_before(self) -> int:
        """Texts of the epoch's batches before the first."""
        return len(self._rows(0, self.first))

    @property
    def rows(self) -> NDArray[np.int64]:
        """Row numbers of all texts in the batches, in their order."""
        return self._rows(self.first, self.last)

    def _rows(self, first: int, last: int) -> NDArray[np.int64]:
        rows = np.concatenate([np.zeros(0, np.int64), *(rows for _, rows in self.plan[first:last])])
        real: NDArray[np.int64] = rows[rows != FILLER]
        return real

    def __len__(self) -> int:
        """Number of batches."""
        return self.last - self.first

    def __iter__(self) -> Iterator[Batch]:
        """The batches in their order."""
        lengths = self.data.lengths
        for boundary, rows in self.plan[self.first : self.last]:
            yield assemble(self.data, lengths, rows, boundary)


def training_batches(
    data: EncodedDataset, buckets: Buckets, batch_size: int, *, seed_sequence: Sequence[int], batch_tokens: int = 0
) -> TrainingBatches:
    """One epoch: every text once, shuffled within its bucket, the batches of all buckets in a shuffled order.

    Args:
        data: Texts to train on.
        buckets: Lengths of batches.
        batch_size: Rows of every batch.
        seed_sequence: Non-negative integers that decide the order, for example search seed, trial and epoch.
        batch_tokens: Where it is not 0, a batch has as many rows as make so many tokens, padding included, and at
            least one: short texts come in large batches.

    Raises:
        InputError: ``batch_size`` is below 1.
    """

    def rows_of(boundary: int) -> int:
        return max(1, batch_tokens // boundary) if batch_tokens else batch_size

    generator = np.random.default_rng(list(seed_sequence))
    plan = _plan(data.lengths, buckets, rows_of, generator)
    return TrainingBatches(data, [plan[index] for index in generator.permutation(len(plan))], 0, len(plan))


def evaluation_batches(
    data: EncodedDataset, buckets: Buckets, batch_size: int
) -> Iterator[tuple[NDArray[np.int64], Batch]]:
    """Every text once, in a fixed order, from short to long.

    Yields:
        Row numbers (int64 [batch]) in ``data``, -1 where a row only fills up the batch, and the batch. To bring
        outputs back in the order of the data: ``result[rows[rows >= 0]] = outputs[rows >= 0]``.

    Raises:
        InputError: ``batch_size`` is below 1.
    """
    lengths = data.lengths
    for boundary, rows in _plan(lengths, buckets, lambda _: batch_size, None):
        yield rows, assemble(data, lengths, rows, boundary)


def exact_plan(lengths: NDArray[np.int64], buckets: Buckets, batch_size: int) -> list[tuple[int, NDArray[np.int64]]]:
    """Boundary and row numbers (int64) of batches in which each text is padded to its own bucket and no further.

    Every text once, from short to long. The last batch of a bucket has as many rows as are left: for models that see
    padding, and take any number of rows. ``assemble`` makes the batches.
    """
    bucket_of_row = buckets.assign(lengths)
    plan = []
    for bucket, boundary in enumerate(buckets.boundaries):
        rows = np.flatnonzero(bucket_of_row == bucket)
        plan += [(boundary, rows[start : start + batch_size]) for start in range(0, len(rows), batch_size)]
    return plan


def count_real_tokens(batch: Batch) -> int:
    """Tokens of a batch that are neither padding nor in filled-up rows."""
    return int(batch.lengths[batch.weights > 0].sum())


def _plan(
    lengths: NDArray[np.int64], buckets: Buckets, rows_of: Callable[[int], int], generator: np.random.Generator | None
) -> list[tuple[int, NDArray[np.int64]]]:
    """Boundary and row numbers (int64, as many as ``rows_of`` the boundary) of every batch, shorter ones first."""
    bucket_of_row = buckets.assign(lengths)
    plan: list[tuple[int, NDArray[np.int64]]] = []
    waiting = np.zeros(0, np.int64)
    for bucket, boundary in enumerate(buckets.boundaries):
        count = rows_of(boundary)
        if count < 1:
            raise InputError(f"batch_size must be at least 1. Received: {count}. Use 32 or 64.")
        waiting = np.concatenate([waiting, np.flatnonzero(bucket_of_row == bucket)])
        if generator is not None:
            waiting = generator.permutation(waiting)
        full = len(waiting) // count * count
        plan.extend((boundary, rows) for rows in waiting[:full].reshape(-1, count))
        waiting = waiting[full:]
    if len(waiting):
        boundary = buckets.boundaries[-1]
        missing = rows_of(boundary) - len(waiting)
        plan.append((boundary, np.pad(waiting, (0, missing), constant_values=FILLER)))
    return plan


def assemble(data: EncodedDataset, lengths: NDArray[np.int64], rows: NDArray[np.int64], boundary: int) -> Batch:
    """The texts of these rows as one batch, cut or padded on the right to the boundary."""
    real = rows != FILLER
    kept = np.where(real, np.minimum(lengths[rows], boundary), 1)
    positions = np.arange(boundary)
    tokens = np.take(data.tokens, data.offsets[rows][:, None] + positions, mode="clip")
    tokens[~real] = UNKNOWN_ID
    tokens[positions >= kept[:, None]] = PADDING_ID
    return Batch(
        tokens=tokens,
        lengths=kept.astype(np.int32),
        labels=np.where(real, data.labels[rows], 0).astype(np.int32),
        weights=real.astype(np.float32),
        targets=data.targets_of(rows),
    )
