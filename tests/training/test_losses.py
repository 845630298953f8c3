"""The loss that a step trains on: weights of classes, smoothed labels, focal; held to Keras and scikit-learn."""

import numpy as np
import pytest

from search_spaces import TrialConfig
from support.lazy import keras, tf

pytestmark = pytest.mark.tensorflow

LABELS = np.array([0, 1, 1, 0, 1], np.int32)
REAL = np.array([1, 1, 1, 1, 0], np.float32)  # the last row only fills up


def shaped(outputs, texts_of_class, **settings):
    from tuner.training.program import _shaped_loss
    from tuner.training.program_key import StepInputs

    inputs = StepInputs.of(TrialConfig(**settings), np.array(texts_of_class))
    return float(_shaped_loss(tf.constant(outputs, tf.float32), tf.constant(LABELS), tf.constant(REAL), inputs))


@pytest.fixture(params=[1, 3], ids=["one output", "three outputs"])
def outputs(request):
    return np.random.default_rng(0).normal(size=(5, request.param)).astype(np.float32)


def by_keras(outputs, losses):
    """The sum over the real rows."""
    return float(np.sum(np.asarray(losses) * REAL))


def test_smoothed_labels_as_keras_has_them(outputs):
    if outputs.shape[1] == 1:
        target, loss = LABELS[:, None].astype(np.float32), keras.losses.BinaryCrossentropy
    else:
        target, loss = np.eye(3, dtype=np.float32)[LABELS], keras.losses.CategoricalCrossentropy
    expected = loss(from_logits=True, label_smoothing=0.2, reduction=None)(target, outputs)
    assert shaped(outputs, [2, 3, 1], label_smoothing=0.2) == pytest.approx(by_keras(outputs, expected), rel=1e-5)


def test_focal_loss_as_keras_has_it(outputs):
    if outputs.shape[1] == 1:
        target, loss = (
            LABELS[:, None].astype(np.float32),
            keras.losses.BinaryFocalCrossentropy(gamma=2.0, from_logits=True, reduction=None),
        )
    else:
        target, loss = (
            np.eye(3, dtype=np.float32)[LABELS],
            keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=2.0, from_logits=True, reduction=None),
        )
    assert shaped(outputs, [2, 3, 1], focal_gamma=2.0) == pytest.approx(
        by_keras(outputs, loss(target, outputs)), rel=1e-5
    )


def test_weights_of_classes_multiply_each_row(outputs):
    weighted = shaped(outputs, [30, 10, 20][: max(2, outputs.shape[1])], class_weights="balanced")
    from tuner.training.program_key import weights_of_classes

    weights = weights_of_classes("balanced", np.array([30, 10, 20][: max(2, outputs.shape[1])]))
    logits = np.concatenate([np.zeros_like(outputs), outputs], axis=1) if outputs.shape[1] == 1 else outputs
    losses = -np.log(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))[range(5), LABELS]
    assert weighted == pytest.approx(float((losses * weights[LABELS] * REAL).sum()), rel=1e-5)


def test_balanced_weights_are_those_of_scikit_learn():
    from sklearn.utils.class_weight import compute_class_weight

    from tuner.training.program_key import weights_of_classes

    counts = np.array([900, 90, 10])
    labels = np.repeat(np.arange(3), counts)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    assert weights_of_classes("balanced", counts) == pytest.approx(expected, rel=1e-6)
    assert weights_of_classes("none", counts).tolist() == [1, 1, 1]
    effective = weights_of_classes("effective", counts)
    assert float((effective * counts).sum()) == pytest.approx(1000, rel=1e-6)
    assert 1 < effective[2] / effective[1] < 9 < weights_of_classes("balanced", counts)[2] / effective[0]
    assert weights_of_classes("balanced", np.array([4, 0])).tolist() == [1.0, 0.0]


def test_a_weighted_loss_finds_more_of_the_rare_class():
    """What the whole is for: on texts that barely tell, weights move the boundary towards the larger class."""
    from tuner.data.encoded import EncodedDataset, EncodedSplits
    from tuner.training.trial_run import TrialRun
    from tuner.training.worker_context import WorkerContext

    rng = np.random.default_rng(1)

    def part(texts):
        labels = (rng.random(texts) < 0.1).astype(np.int32)
        tokens = np.where(rng.random((texts, 3)) < 0.2, 2 + labels[:, None], rng.integers(4, 9, (texts, 3)))
        return EncodedDataset(tokens.astype(np.int32).ravel(), 3 * np.arange(texts + 1), labels)

    context = WorkerContext(EncodedSplits(part(600), part(300)), 9, 2, 3)
    common = {"cell": "none", "embedding": 4, "vocabulary": 9, "learning_rate": 0.05, "dropout": 0.0, "pooling": "mean"}

    def recall(**settings):
        run = TrialRun(context, TrialConfig(**common, **settings), seed=(0, 0), state=None)
        return [run.run_to_report() for _ in range(3)][-1].epoch.metrics["balanced_accuracy"]

    assert recall(class_weights="balanced") > recall()
