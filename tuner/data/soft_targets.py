"""What a teacher says of texts: the probabilities of the classes that a student is trained on, beside the labels or alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tuner.data.batches import Targets
from tuner.data.encoded import EncodedDataset


@dataclass(frozen=True, eq=False)
class TaughtTexts(EncodedDataset):
    """Texts with a teacher's probabilities, those that have a label first.

    Attributes:
        probabilities: float32 [texts, classes], of the teacher.
        label_weights: float32 [texts], the share of the label in a text's loss; the teacher has the rest.
        labelled: how many texts have a label.
    """

    probabilities: NDArray[np.float32]
    label_weights: NDArray[np.float32]
    labelled: int

    def labelled_among(self, rows: NDArray[np.int64]) -> int:
        """How many of these rows have a label."""
        return int(np.count_nonzero(rows < self.labelled))

    def targets_of(self, rows: NDArray[np.int64]) -> Targets:
        """As of all texts."""
        return Targets(self.probabilities[rows], self.label_weights[rows], (rows < self.labelled).astype(np.float32))


@dataclass(frozen=True, eq=False)
class SoftTargets:
    """All that a student is trained on beside the training texts and their labels.

    Attributes:
        probabilities: float32 [training texts + unlabelled texts, classes], of the teacher; 0 where it does not know a text.
        label_weights: float32 [training texts + unlabelled texts], as in ``TaughtTexts``.
        unlabelled: texts without labels, whose class indices mean nothing.
        epochs: most epochs of a student.
    """

    probabilities: NDArray[np.float32]
    label_weights: NDArray[np.float32]
    unlabelled: EncodedDataset
    epochs: int

    def beside(self, train: EncodedDataset) -> TaughtTexts:
        """The training texts and behind them those without labels, with the teacher's probabilities of all."""
        return TaughtTexts(
            np.concatenate([train.tokens, self.unlabelled.tokens]),
            np.concatenate([train.offsets, self.unlabelled.offsets[1:] + train.offsets[-1]]),
            np.concatenate([train.labels, self.unlabelled.labels]),
            self.probabilities,
            self.label_weights,
            len(train),
        )

    def as_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Plain arrays by name."""
        return {
            "probabilities": self.probabilities,
            "label_weights": self.label_weights,
            "tokens": self.unlabelled.tokens,
            "offsets": self.unlabelled.offsets,
            "epochs": np.array(self.epochs),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """The inverse of ``as_arrays``."""
        offsets = arrays["offsets"].astype(np.int64, copy=False)
        unlabelled = EncodedDataset(
            arrays["tokens"].astype(np.int32, copy=False), offsets, np.zeros(len(offsets) - 1, np.int32)
        )
        return cls(
            arrays["probabilities"].astype(np.float32, copy=False),
            arrays["label_weights"].astype(np.float32, copy=False),
            unlabelled,
            int(arrays["epochs"]),
        )

    def pack(self) -> bytes:
        """A NumPy archive."""
        buffer = BytesIO()
        np.savez(buffer, **self.as_arrays())  # type: ignore[arg-type]
        return buffer.getvalue()


def read_soft_targets(path: Path) -> SoftTargets:
    """What ``SoftTargets.pack`` packed.

    Raises:
        OSError: where it is not there.
        ValueError: where it is no such archive.
        KeyError: likewise.
    """
    with np.load(path, allow_pickle=False) as archive:
        return SoftTargets.from_arrays(dict(archive))
