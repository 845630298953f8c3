"""Which program a configuration needs: what is fixed in it, and which kernel runs it."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search_spaces.config import ClassWeights, Optimizer, TrialConfig
from tuner.models.cells import CELLS
from tuner.models.network_spec import Network

PROGRAMS_KEPT = 8
"""Programs that a worker keeps, each with its variables. One holds some tens of megabytes of code; a worker must not grow with
the number of shapes in a search."""


@dataclass(frozen=True)
class ProgramKey:
    """What changes a program. Everything else of a configuration is an input of it, or a variable.

    Attributes:
        network: the architecture.
        optimizer: the update rule.
        batch_size: rows of a training batch, None where they change with its length.
        compiled: whether XLA compiles the training step (see ``tuner.training.batching``).
        longest: tokens of the longest batch where one compiled step runs batches of all lengths; None where it takes each
            as it is.
        momentum: whether sgd keeps its last steps.
        word_dropout: whether words are dropped; their rate is an input.
        embedding_dropout: whether there is any; its rate is an input.
        penalty: whether there is any on the weights; how much is an input.
        shaped_loss: whether the loss is another than the mean cross-entropy: weights of classes, smoothed labels, focal.
        averaged: whether averages of the weights are kept, which are what is evaluated; their decay is an input.
        informative: whether pretrained word vectors are in that order of the words.
        clipped: whether gradients are clipped; where is an input. Their norm takes a pass over a table of word vectors.
        distilled: whether the loss is of a teacher's probabilities, too, which come with each batch.
    """

    network: Network
    optimizer: Optimizer
    batch_size: int | None
    compiled: bool
    longest: int | None = None
    momentum: bool = False
    word_dropout: bool = False
    embedding_dropout: bool = False
    penalty: bool = False
    shaped_loss: bool = False
    averaged: bool = False
    informative: bool = False
    clipped: bool = False
    distilled: bool = False

    @classmethod
    def of(
        cls,
        config: TrialConfig,
        network: Network,
        *,
        compiled: bool,
        longest: int | None = None,
        distilled: bool = False,
    ) -> "ProgramKey":
        """The program of a configuration whose network is known."""
        return cls(
            network,
            config.optimizer,
            None if config.batch_tokens else config.batch_size,
            compiled,
            longest,
            momentum=config.momentum > 0.0,
            word_dropout=config.word_dropout > 0.0,
            embedding_dropout=config.embedding_dropout > 0.0,
            penalty=config.l1 > 0.0 or config.l2 > 0.0,
            shaped_loss=config.class_weights != "none" or config.label_smoothing > 0.0 or config.focal_gamma > 0.0,
            averaged=config.weight_average > 0.0,
            informative=network.vectors != "none" and config.vocabulary_order == "informative",
            clipped=config.gradient_clip_norm > 0.0,
            distilled=distilled,
        )


class StepInputs(NamedTuple):
    """The hyperparameters that are inputs of a compiled step, not constants in it."""

    dropout: Any
    word_dropout: Any
    embedding_dropout: Any
    l1: Any
    l2: Any
    gradient_clip_norm: Any
    label_smoothing: Any
    focal_gamma: Any
    weight_average: Any
    class_weights: Any

    @classmethod
    def of(cls, config: TrialConfig, texts_of_class: NDArray[np.int64]) -> "StepInputs":
        """Those of a configuration, float32: numbers, and the weights of the classes.

        Args:
            texts_of_class: int64 [classes], training texts of each class.
        """
        numbers = {name: np.float32(getattr(config, name)) for name in cls._fields[:-1]}
        return cls(**numbers, class_weights=weights_of_classes(config.class_weights, texts_of_class))


EFFECTIVE_BETA = 0.999
"""Cui et al. recommend 0.9 to 0.9999: the nearer to 1, the nearer to "balanced"."""


def weights_of_classes(kind: ClassWeights, texts_of_class: NDArray[np.int64]) -> NDArray[np.float32]:
    """The weight of each class in the loss, float32 [classes]; the mean over the training texts is 1.

    "balanced" is one over a class's texts, "effective" one over their effective number ``(1 - beta^n) / (1 - beta)`` (Cui et
    al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019). A class without texts has the weight 0.
    """
    counts = texts_of_class.astype(np.float64)
    if kind == "none":
        return np.ones(len(counts), np.float32)
    numbers = counts if kind == "balanced" else (1 - EFFECTIVE_BETA**counts) / (1 - EFFECTIVE_BETA)
    weights = np.divide(1.0, numbers, out=np.zeros_like(counts), where=counts > 0)
    scaled: NDArray[np.float32] = (weights * counts.sum() / (weights * counts).sum()).astype(np.float32)
    return scaled


class Kernel(Enum):
    """A way to compute the same numbers from the same weights."""

    CUDNN = "cuDNN"
    """Keras' layer on cuDNN's kernel, which is no part of an XLA program."""
    LAYERS = "Keras layers under XLA"
    """Keras' layers in a program that XLA compiles: what has no cuDNN kernel, XLA helps on a GPU too."""
    RECURRENCE = "fast recurrence"
    """One loop over time of ``tuner.models.forward``, stacked cells and pooling in it; XLA compiles it where that pays."""


def kernel_of(cell: str, *, one_hot: bool, gpu: bool) -> Kernel:
    """The kernel for a cell.

    Args:
        cell: of ``search_spaces.config``.
        one_hot: whether words have no vectors. As Keras layers they would be an array of texts times words times vocabulary.
        gpu: whether the process has a GPU.
    """
    if not gpu or one_hot:
        return Kernel.RECURRENCE
    return Kernel.CUDNN if cell in CELLS and CELLS[cell].has_cudnn else Kernel.LAYERS
