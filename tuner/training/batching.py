"""How a trial's steps run: the lengths of its batches, and whether XLA compiles its training step.

XLA runs small networks two to three times as fast, and costs a second or more before the first step. The constants were
measured on one core of a 2-core AVX-512 machine with the generated corpus, batch 64. They decide between two programs that
compute the same, so on a machine where they are off a search is slower, not different: the decision depends on settings and
data alone.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from search_spaces.config import TrialConfig
from tuner.data.batches import Buckets, buckets_of
from tuner.data.encoded import EncodedSplits
from tuner.models.network_spec import Network
from tuner.training.program_key import Kernel, kernel_of

# A recurrent loop is one layer in one direction.
_SECONDS_SAVED_PER_POSITION_AND_LOOP = 1.3e-6
_SECONDS_TO_COMPILE = 0.4
_SECONDS_TO_COMPILE_A_LOOP = 0.35
# From here on products take most of a step, and XLA has little to win.
MOST_UNITS = 256
# With early stopping a trial runs about half of the epochs that it may.
_SHARE_OF_EPOCHS = 0.5


@dataclass(frozen=True)
class Batching:
    """How the training steps of one trial run.

    Attributes:
        compiled: whether XLA compiles them.
        buckets: lengths of the batches.
        longest: tokens of the longest batch where one compiled step runs batches of all lengths, None where it does not.
        programs: how many steps XLA compiles.
    """

    compiled: bool
    buckets: Buckets
    longest: int | None
    programs: int


@dataclass(frozen=True)
class LengthBuckets:
    """The lengths of batches that suit a search's texts.

    Attributes:
        few: where XLA compiles a step for each of them.
        many: where one step takes all: less padding.
    """

    few: Buckets
    many: Buckets

    @classmethod
    def of(cls, data: EncodedSplits) -> Self:
        """Those for the texts to train and to validate on."""
        return cls(buckets_of(data, compiled=True), buckets_of(data, compiled=False))

    def batching(
        self, config: TrialConfig, network: Network, lengths: NDArray[np.int64], *, epochs: int, gpu: bool = False
    ) -> Batching:
        """How a trial's steps run.

        The fast recurrence is one program for all lengths, unless the number of texts in a batch changes with its length:
        then, and for Keras' layers, XLA compiles a step for each.

        Args:
            config: of the trial.
            network: of that.
            lengths: int64 [texts], tokens of the texts to train on.
            epochs: most epochs of the trial.
            gpu: whether it trains on a GPU, where all is compiled that cuDNN does not run.
        """
        kernel = kernel_of(network.cell, one_hot=network.one_hot, gpu=gpu)
        one = kernel is Kernel.RECURRENCE and not config.batch_tokens
        buckets = self.many if one else self.few
        programs = 1 if one else len(buckets.boundaries)
        pays = _pays(network, positions=buckets.positions(lengths), programs=programs, epochs=epochs)
        if kernel is Kernel.CUDNN or not (gpu or pays):
            return Batching(compiled=False, buckets=self.many, longest=None, programs=0)
        longest = int(buckets.boundaries[-1]) if one else None
        return Batching(compiled=True, buckets=buckets, longest=longest, programs=programs)


def _pays(network: Network, *, positions: int, programs: int, epochs: int) -> bool:
    """Whether to compile the training steps of a trial on a CPU takes less time than it saves.

    Args:
        network: what is trained.
        positions: texts times the length that they are padded to, summed over one epoch.
        programs: how many steps are compiled.
        epochs: most epochs of the trial.
    """
    if not network.recurrent or network.units > MOST_UNITS:
        return False
    saved = _SHARE_OF_EPOCHS * epochs * positions * network.loops * _SECONDS_SAVED_PER_POSITION_AND_LOOP
    return saved > compile_seconds(network, programs=programs)


def compile_seconds(network: Network, *, programs: int) -> float:
    """Roughly what compiling so many training steps takes on one core."""
    return programs * (_SECONDS_TO_COMPILE + network.loops * _SECONDS_TO_COMPILE_A_LOOP)
