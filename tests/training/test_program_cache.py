import gc

import numpy as np
import pytest

from search_spaces.config import TrialConfig
from tuner.data.batches import Batch

pytestmark = pytest.mark.tensorflow


def graphs() -> int:
    from tensorflow.python.framework.func_graph import FuncGraph

    gc.collect()
    return sum(isinstance(thing, FuncGraph) for thing in gc.get_objects())


def train_a_step(cache, units):
    from tuner.models.network_spec import network_of
    from tuner.training.optimizers import OptimizerParams
    from tuner.training.program_key import ProgramKey, StepInputs

    config = TrialConfig(cell="gru", units=units, layers=1, embedding=4, vocabulary=50, pooling="max", dropout=0.3)
    network = network_of(config, vocabulary_size=50, classes=2, vectors_width=None)
    program = cache.get(ProgramKey.of(config, network, compiled=False))
    program.start(seed=0, params=OptimizerParams.of(config))
    count = config.batch_size
    tokens, lengths = np.full((count, 6), 7, np.int32), np.full(count, 6, np.int32)
    batch = Batch(tokens, lengths, np.zeros(count, np.int32), np.ones(count, np.float32))
    program.train(batch, StepInputs.of(config, np.ones(2, np.int64)), (1, 1))


def test_a_program_that_was_given_up_leaves_no_graph_behind():
    from tuner.training.program import ProgramCache

    cache = ProgramCache(size=1)
    train_a_step(cache, 3)
    train_a_step(cache, 4)
    held = graphs()
    for units in (5, 6):
        train_a_step(cache, units)
    assert graphs() == held
