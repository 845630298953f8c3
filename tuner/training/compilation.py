"""Whether XLA pays for a trial: it runs small networks two to three times as fast, and costs seconds before the first step.

The constants were measured on one core of a 2-core AVX-512 machine with ``tests/benchmarks/bench_recurrence.py`` and the
generated corpus, batch 64. They decide between two programs that compute the same, so on a machine where they are off a search
is slower, not different: the decision depends on settings and data alone.
"""

from tuner.models.network_spec import Network

# A recurrent loop is one layer in one direction.
_SECONDS_SAVED_PER_POSITION_AND_LOOP = 1.3e-6
_SECONDS_TO_COMPILE_A_SHAPE = 1.2
_SECONDS_TO_COMPILE_A_LOOP = 0.4
# From here on products take most of a step; what XLA still wins, its fewer batch lengths lose to padding.
MOST_UNITS = 256
# With early stopping a trial runs about half of the epochs that it may.
_SHARE_OF_EPOCHS = 0.5


def worth_compiling(network: Network, *, positions: int, shapes: int, epochs: int) -> bool:
    """Whether the training steps of a trial should be compiled by XLA rather than run as a plain graph.

    Args:
        network: what is trained.
        positions: texts times the length that they are padded to, summed over one epoch.
        shapes: different batch lengths, each of which is compiled.
        epochs: most epochs of the trial.
    """
    if not network.recurrent or network.units > MOST_UNITS:
        return False
    saved = _SHARE_OF_EPOCHS * epochs * positions * network.loops * _SECONDS_SAVED_PER_POSITION_AND_LOOP
    return saved > compile_seconds(network, shapes=shapes)


def compile_seconds(network: Network, *, shapes: int) -> float:
    """Roughly what compiling the training step for so many batch lengths takes on one core."""
    return shapes * (_SECONDS_TO_COMPILE_A_SHAPE + network.loops * _SECONDS_TO_COMPILE_A_LOOP)
