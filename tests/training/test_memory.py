"""The closed form of what training takes, against the variables of a real program and the archives that it writes."""

import numpy as np
import pytest

from search_spaces import TrialConfig

pytestmark = pytest.mark.tensorflow

CONFIGS = [
    TrialConfig(cell="lstm", vectors="frozen", batch_norm=True),
    TrialConfig(cell="gru", optimizer="adamw", vectors="trained"),
    TrialConfig(cell="elman", projection=True, optimizer="adadelta"),
    TrialConfig(cell="mlp", optimizer="rmsprop", input="one_hot"),
    TrialConfig(cell="none", optimizer="adagrad", pooling="attention"),
    TrialConfig(cell="simple_rnn", optimizer="sgd"),
    TrialConfig(cell="simple_rnn", optimizer="sgd", momentum=0.9),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.cell}-{config.optimizer}")
def test_bytes_of_weights_and_optimizer_are_those_of_the_program(config):
    from tuner.models.memory import training_memory, trial_files
    from tuner.models.network_spec import network_of
    from tuner.training.program import Program, ProgramKey

    network = network_of(config, vocabulary_size=3_000, classes=3, vectors_width=50)
    program = Program(ProgramKey.of(config, network, compiled=False), np.zeros((3_000, 50), np.float32))
    weights = sum(variable.numpy().nbytes for variable in program.model.weights)
    gradients = sum(variable.numpy().nbytes for variable in program.model.trainable_variables)
    slots = sum(variable.numpy().nbytes for variable in program._optimizer.variables if variable.numpy().ndim)
    assert training_memory(network, config, length=50).state == weights + gradients + slots
    for said, written in (
        (trial_files(network, config).weights, len(program.weights_bytes())),
        (trial_files(network, config).state, len(program.state_bytes(epoch=1))),
    ):
        assert written <= said <= written + 40_000


def test_activations_grow_with_the_positions_of_a_batch():
    from tuner.models.memory import training_memory
    from tuner.models.network_spec import network_of

    def activations(**changes):
        config = TrialConfig(**changes)
        network = network_of(config, vocabulary_size=3_000, classes=2)
        return training_memory(network, config, length=100).activations

    assert activations(batch_size=128) == 2 * activations(batch_size=64)
    assert activations(batch_tokens=6_400) == activations(batch_size=64)
    assert activations(batch_tokens=10) == activations(batch_size=1)
    assert activations(cell="none") < activations(cell="mlp") < activations(cell="lstm")
