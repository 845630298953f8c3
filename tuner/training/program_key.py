"""What of a configuration a compiled program is made for, and what is an input of it."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from search_spaces.config import Optimizer, TrialConfig
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
        compiled: whether XLA compiles the training step on a CPU (see ``tuner.training.compilation``).
        momentum: whether sgd keeps its last steps.
        embedding_dropout: whether there is any; its rate is an input.
        penalty: whether there is any on the weights; how much is an input.
        clipped: whether gradients are clipped; where is an input. Their norm takes a pass over a table of word vectors.
    """

    network: Network
    optimizer: Optimizer
    batch_size: int | None
    compiled: bool
    momentum: bool = False
    embedding_dropout: bool = False
    penalty: bool = False
    clipped: bool = False

    @classmethod
    def of(cls, config: TrialConfig, network: Network, *, compiled: bool) -> "ProgramKey":
        """The program of a configuration whose network is known."""
        return cls(
            network,
            config.optimizer,
            None if config.batch_tokens else config.batch_size,
            compiled,
            momentum=config.momentum > 0.0,
            embedding_dropout=config.embedding_dropout > 0.0,
            penalty=config.l1 > 0.0 or config.l2 > 0.0,
            clipped=config.gradient_clip_norm > 0.0,
        )


class StepInputs(NamedTuple):
    """The hyperparameters that are inputs of a compiled step, not constants in it."""

    dropout: Any
    embedding_dropout: Any
    l1: Any
    l2: Any
    gradient_clip_norm: Any

    @classmethod
    def of(cls, config: TrialConfig) -> "StepInputs":
        """Those of a configuration, float32."""
        return cls(*(np.float32(getattr(config, name)) for name in cls._fields))
