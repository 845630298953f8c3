import pytest

from search_spaces import TrialConfig
from tuner.models.memory import training_memory, trial_files
from tuner.models.network_spec import network_of

CONFIG = TrialConfig(units=32, embedding=16, vocabulary=5000, batch_size=64)


def network(config):
    return network_of(config, vocabulary_size=10_000, classes=2, vectors_width=50)


def test_the_state_is_weights_gradients_and_two_moments_for_adam():
    assert training_memory(network(CONFIG), CONFIG, length=100).state == 4 * 4 * 89_665


def test_activations_grow_with_texts_and_tokens():
    once = training_memory(network(CONFIG), CONFIG, length=100).activations
    assert training_memory(network(CONFIG), CONFIG, length=300).activations == 3 * once
    doubled = CONFIG.model_copy(update={"batch_size": 128})
    assert training_memory(network(doubled), doubled, length=100).activations == 2 * once
    by_tokens = TrialConfig(batch_tokens=6400)
    assert training_memory(network(by_tokens), by_tokens, length=100).activations == once
    # 6,400 positions: 2 x 16 numbers of the embedding, 8 a unit in 64 units
    assert once == 4 * 6400 * (2 * 16 + 8 * 64)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"cell": "lstm", "layers": 2, "bidirectional": False, "optimizer": "rmsprop", "dense_units": 7},
        {"cell": "simple_rnn", "optimizer": "adadelta", "vocabulary": 300},
        {"cell": "gru", "optimizer": "sgd", "momentum": 0.9},
        {"cell": "gru", "optimizer": "sgd", "units": 4},
        {"optimizer": "adagrad", "pooling": "attention"},
        {"optimizer": "adamw"},
        {"vectors": "frozen", "batch_norm": True},
        {"cell": "elman", "projection": True, "input": "one_hot"},
    ],
)
def test_the_files_of_a_trial_stay_below_their_bounds_and_near_them(changes):
    from tuner.training.program import Program
    from tuner.training.program_key import ProgramKey

    config = TrialConfig(**{**CONFIG.model_dump(), **changes})
    program = Program(ProgramKey.of(config, network(config), compiled=False))
    bounds = trial_files(network(config), config)
    weights = len(program.weights_bytes())
    state = len(program.state_bytes(epoch=3, best_accuracy=0.5))
    assert weights <= bounds.weights <= weights + 2_000
    assert state <= bounds.state <= state + 10_000
