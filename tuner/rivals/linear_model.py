"""A linear model of n-grams: what a rival is once it is fitted, in plain arrays."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tuner.data.encoded import EncodedDataset
from tuner.rivals.ngrams import NgramCounts, count_ngrams


@dataclass(frozen=True, eq=False)
class NgramModel:
    """From n-grams of a text to scores of the classes, which are log-odds as the networks' outputs are.

    The value of a feature in a text is its scale times ``1 + log(count)``, or times 1 where ``scales`` is None; the values of a
    text are divided by their Euclidean norm, and multiplied with the weights.

    Attributes:
        keys: int64 [features], what ``ngram_keys`` gives, in rising order.
        weights: float32 [features, outputs].
        bias: float32 [outputs]; one output, for the second class, tells two classes apart.
        scales: float32 [features], inverse document frequencies; None for features that are there or not.
        vocabulary_size: the base of the keys.
        longest: most tokens of an n-gram.
        one_vs_rest: whether each output tells its class from the others, so that probabilities are sigmoids made to sum to 1.
    """

    keys: NDArray[np.int64]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    scales: NDArray[np.float32] | None
    vocabulary_size: int
    longest: int
    one_vs_rest: bool

    @property
    def parameters(self) -> int:
        """All fitted numbers that inference needs: weights, bias and scales.

        The keys are not among them, as the words of a vocabulary are not among the parameters of a network.
        """
        return self.weights.size + self.bias.size + (0 if self.scales is None else self.scales.size)

    def logits(self, dataset: EncodedDataset) -> NDArray[np.float32]:
        """Outputs before softmax, ``[texts, classes]``, or ``[texts, 1]`` of two classes."""
        counts = count_ngrams(dataset, self.keys, vocabulary_size=self.vocabulary_size, longest=self.longest)
        values = feature_values(counts, self.scales)
        rows = np.repeat(np.arange(len(dataset)), np.diff(counts.starts))
        scores = np.stack(
            [
                np.bincount(rows, values * column[counts.features], minlength=len(dataset))
                for column in self.weights.T.astype(np.float64)
            ],
            axis=1,
        )
        return as_logits(scores + self.bias, one_vs_rest=self.one_vs_rest)

    def pack(self) -> bytes:
        """The model as a NumPy archive."""
        buffer = BytesIO()
        fields = {name: value for name, value in vars(self).items() if value is not None}
        np.savez(buffer, **fields)
        return buffer.getvalue()


def read_model(file: Path | BinaryIO) -> NgramModel:
    """What ``NgramModel.pack`` packed.

    Raises:
        OSError: where it is not there.
        ValueError: where it is no such archive.
    """
    with np.load(file, allow_pickle=False) as archive:
        return NgramModel(
            keys=archive["keys"],
            weights=archive["weights"],
            bias=archive["bias"],
            scales=archive.get("scales"),
            vocabulary_size=int(archive["vocabulary_size"]),
            longest=int(archive["longest"]),
            one_vs_rest=bool(archive["one_vs_rest"]),
        )


def feature_values(counts: NgramCounts, scales: NDArray[np.float32] | None) -> NDArray[np.float64]:
    """float64 [entries], the values of the features that texts hold, which have norm 1 in each text."""
    values = (
        np.ones(len(counts.counts))
        if scales is None
        else (1 + np.log(counts.counts.astype(np.float64))) * scales[counts.features]
    )
    rows = np.repeat(np.arange(len(counts.starts) - 1), np.diff(counts.starts))
    norms = np.sqrt(np.bincount(rows, values**2, minlength=len(counts.starts) - 1))
    return values / norms[rows]


def as_logits(scores: NDArray[np.floating[Any]], *, one_vs_rest: bool) -> NDArray[np.float32]:
    """Scores as outputs before softmax: those of one class against the rest as logarithms of their sigmoids."""
    return (-np.logaddexp(0.0, -scores) if one_vs_rest else scores).astype(np.float32)
