import numpy as np
import pytest

from search_spaces.config import TrialConfig
from tuner.data.batches import Batch
from tuner.models.cells import CELLS as RECURRENT
from tuner.models.network_spec import network_of
from tuner.training.program_key import Kernel, kernel_of

CELLS = (*RECURRENT, "mlp", "none")


@pytest.mark.parametrize("cell", CELLS)
def test_without_a_gpu_all_run_the_fast_recurrence(cell):
    assert kernel_of(cell, one_hot=False, gpu=False) is Kernel.RECURRENCE


@pytest.mark.parametrize("cell", CELLS)
def test_on_a_gpu_cudnn_runs_what_it_has_and_xla_the_rest(cell):
    has_cudnn = cell in ("lstm", "gru")
    assert kernel_of(cell, one_hot=False, gpu=True) is (Kernel.CUDNN if has_cudnn else Kernel.LAYERS)
    assert kernel_of(cell, one_hot=True, gpu=True) is Kernel.RECURRENCE


def trained(kernel, config, monkeypatch):
    """Losses of some steps, and the weights after them."""
    from tuner.training.optimizers import OptimizerParams
    from tuner.training.program import Program
    from tuner.training.program_key import ProgramKey, StepInputs

    monkeypatch.setattr("tuner.training.program.kernel_of", lambda *_, **__: kernel)
    network = network_of(config, vocabulary_size=12, classes=2)
    program = Program(ProgramKey.of(config, network, compiled=False))
    program.start(seed=3, params=OptimizerParams.of(config))
    generator, lengths = np.random.default_rng(0), np.array([2, 7, 3, 1], np.int32)
    tokens = generator.integers(2, 12, (4, 7)) * (np.arange(7) < lengths[:, None])
    batch = Batch(tokens.astype(np.int32), lengths, np.array([0, 1, 1, 0], np.int32), np.ones(4, np.float32))
    inputs = StepInputs.of(config, np.ones(2, np.int64))
    return [program.train(batch, inputs, (1, step))[0] for step in range(4)], program.weights()


@pytest.mark.tensorflow
@pytest.mark.parametrize("cell", ["gru", "lstm", "mlp"])
def test_keras_layers_train_the_same_weights_to_the_same_numbers(cell, monkeypatch):
    """What a GPU runs: Keras' layers compute with the weights of the program, not with their own."""
    config = TrialConfig(
        cell=cell, units=3, layers=2, embedding=4, vocabulary=12, dropout=0.2, batch_size=4, dense_units=5, batch_norm=True,
        l2=0.01, weight_average=0.9, optimizer="sgd", learning_rate=0.5,
    )  # fmt: skip
    expected_losses, expected = trained(Kernel.RECURRENCE, config, monkeypatch)
    losses, weights = trained(Kernel.LAYERS, config, monkeypatch)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-4)
    for ours, theirs in zip(weights, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert losses[-1] < losses[0]
