"""What every member of the model family keeps: it is counted right, trains, is saved and loaded, and is exported as it was.

Every two values of cell, pooling, direction and depth meet here at least once; what else a network can have goes round.
``FULL_CONTRACT=1`` takes the whole product instead (some ten minutes).
"""

import io
from itertools import product

import numpy as np
import pytest

from search_spaces import TrialConfig
from support.covering import covering

pytestmark = pytest.mark.tensorflow

CELLS = {
    "simple_rnn": {"cell": "simple_rnn"},
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru"},
    "elman": {"cell": "elman"},
    "elman-sigmoid": {"cell": "elman", "activation": "sigmoid", "projection": True},
    "elman-residual": {"cell": "elman", "residual": True},
    "mlp": {"cell": "mlp"},
    "words": {"cell": "none"},
}
POOLINGS = ("last", "mean", "max", "attention")
DEPTHS = (1, 2, 3, 4)
HEADS = (
    {},
    {"dense_units": 5, "dense_layers": 2, "batch_norm": True},
    {"batch_norm": True},
    {"dense_units": 4},
)
INPUTS = ({}, {"input": "one_hot"}, {"vectors": "frozen"}, {"vectors": "trained"}, {"embedding_dropout": 0.1})
TRAININGS = (
    {"optimizer": "adam", "learning_rate": 0.01},
    {"optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.01},
    {"optimizer": "rmsprop", "learning_rate": 0.005, "l2": 1e-4},
    {"optimizer": "adagrad", "learning_rate": 0.05, "batch_tokens": 120},
    {"optimizer": "adadelta", "learning_rate": 1.0, "l1": 1e-5},
    {"optimizer": "sgd", "learning_rate": 0.05, "momentum": 0.9},
)


def has_directions(cell):
    return cell not in ("mlp", "words")


def every_shape():
    for cell, pooling, both, layers in product(CELLS, POOLINGS, (False, True), DEPTHS):
        if not (both and not has_directions(cell)) and not (cell == "words" and layers > 1):
            yield cell, pooling, both, layers


SHAPES = covering(every_shape())


def config_of(number, shape):
    """The shape with a head, an input and a way of training that go round with its number."""
    cell, pooling, both, layers = shape
    inputs = INPUTS[number % len(INPUTS)]
    if (cell == "words" and "input" in inputs) or cell == "elman-residual":
        inputs = {}
    size = {} if cell == "words" else {"units": 4, "layers": layers}
    width = {"embedding": 8 if both else 4} if cell == "elman-residual" else {}
    head, training = HEADS[number % len(HEADS)], TRAININGS[number % len(TRAININGS)]
    # Moving statistics need some steps to get anywhere.
    rows = {"batch_size": 20} if "batch_norm" in head and "batch_tokens" not in training else {}
    return TrialConfig(
        **{"vocabulary": 18, "pooling": pooling, "bidirectional": both, "dropout": 0.1, **CELLS[cell], **size, **width},
        **inputs,
        **head,
        **training,
        **rows,
    )


@pytest.fixture(scope="module")
def data():
    """80 texts of 2 to 6 words out of 18 ids (two more are unknown); three in ten have word 5 and label 1."""
    from tuner.data.encoded import EncodedDataset, EncodedSplits

    generator = np.random.default_rng(0)
    lengths = generator.integers(2, 7, 80)
    labels = (generator.random(80) < 0.3).astype(np.int32)
    texts = [generator.integers(6, 20, length) for length in lengths]
    for text, label in zip(texts, labels, strict=True):
        text[generator.integers(len(text))] = 5 if label else 4
    part = EncodedDataset(np.concatenate(texts).astype(np.int32), np.concatenate([[0], np.cumsum(lengths)]), labels)
    return EncodedSplits(part, part, vectors=generator.normal(size=(20, 8)).astype(np.float32) * 0.3)


@pytest.fixture(autouse=True)
def no_tracing():
    """To trace a step takes longer than to run it here; that traced steps give the same numbers is tested elsewhere."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def new_trial(data, config, state=None):
    from tuner.training.trial_run import TrialRun
    from tuner.training.worker_context import WorkerContext

    return TrialRun(WorkerContext(data, vocabulary_size=20, classes=2, epochs=3), config, seed=(0, 1), state=state)


def exported_loss(network, kept, data):
    """Mean cross-entropy of the texts by the network that is exported, with the weights that a trial kept."""
    from tuner.export.saved_model import InferenceNetwork

    with np.load(io.BytesIO(kept)) as archive:
        weights = [archive[f"w{number:03d}"] for number in range(len(archive.files))]
    if network.vectors == "frozen":
        weights = [data.vectors[: network.vocabulary], *weights]
    texts = data.train
    tokens = np.zeros((len(texts), 6), np.int32)
    for row, length in enumerate(texts.lengths):
        tokens[row, :length] = texts.tokens[texts.offsets[row] : texts.offsets[row] + length]
    _, probabilities = InferenceNetwork(network, weights).probabilities(tokens, texts.lengths.astype(np.int32))
    return -np.log(probabilities.numpy()[np.arange(len(texts)), texts.labels]).mean()


@pytest.mark.parametrize(("number", "shape"), list(enumerate(SHAPES)), ids=["-".join(map(str, s)) for s in SHAPES])
def test_a_network_counts_right_learns_is_kept_and_exported(number, shape, data):
    from tuner.models.counting import count_parameters

    config = config_of(number, shape)
    trial = new_trial(data, config)
    program = trial._program
    network = program.key.network
    assert sum(weight.size for weight in program.weights()) == count_parameters(network).total

    before, _ = trial._evaluate()
    first, second = trial.run_to_report(), trial.run_to_report()
    assert second.epoch.val_loss < before
    assert exported_loss(network, program.weights_bytes(), data) == pytest.approx(second.epoch.val_loss, abs=1e-5)

    loaded = new_trial(data, config, state=first.last)
    assert loaded._evaluate()[0] == first.epoch.val_loss
    again = loaded.run_to_report()
    assert (again.epoch.train_loss, again.epoch.val_loss) == (second.epoch.train_loss, second.epoch.val_loss)
    assert again.last == second.last
