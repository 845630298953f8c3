"""The loss of a student: labels and a teacher's probabilities, each by its share; held to Keras and to a sum by hand."""

import numpy as np
import pytest

from search_spaces import TrialConfig
from support.lazy import keras, tf
from tuner.data.batches import Batch, Targets
from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.data.soft_targets import SoftTargets

pytestmark = pytest.mark.tensorflow

LABELS = np.array([0, 1, 1, 0, 1], np.int32)
REAL = np.array([1, 1, 1, 1, 0], np.float32)  # the last row only fills up
SHARES = np.array([0.3, 0.3, 1.0, 0.0, 0.3], np.float32)  # the third has no teacher, the fourth no label


def softmax(logits):
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("outputs", [1, 3], ids=["one output", "three outputs"])
def test_the_teachers_loss_is_the_cross_entropy_of_keras_with_its_gradient(outputs):
    from tuner.training.program import _teacher_loss

    generator = np.random.default_rng(0)
    logits = tf.Variable(generator.normal(size=(5, outputs)).astype(np.float32))
    taught = softmax(generator.normal(size=(5, outputs))).astype(np.float32)
    classes = taught.shape[1]
    with tf.GradientTape() as tape:
        loss = _teacher_loss(logits, tf.constant(taught), tf.constant(REAL), tf.ones(classes))
    gradient = tape.gradient(loss, logits).numpy()
    both = np.concatenate([np.zeros((5, 1)), logits.numpy()], axis=1) if outputs == 1 else logits.numpy()
    expected = keras.losses.CategoricalCrossentropy(from_logits=True, reduction=None)(taught, both.astype(np.float32))
    assert float(loss) == pytest.approx(float(np.sum(np.asarray(expected) * REAL)), rel=1e-5)
    by_hand = (softmax(logits.numpy()) - taught) * REAL[:, None]
    np.testing.assert_allclose(gradient, by_hand[:, -outputs:], atol=1e-6)


def test_weights_of_classes_weigh_the_teachers_classes_as_those_of_labels():
    from tuner.training.program import _shaped_loss, _teacher_loss
    from tuner.training.program_key import StepInputs

    inputs = StepInputs.of(TrialConfig(class_weights="balanced"), np.array([30, 10, 20]))
    logits = tf.constant(np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32))
    certain = tf.constant(np.eye(3, dtype=np.float32)[LABELS])
    taught = _teacher_loss(logits, certain, tf.constant(REAL), inputs.class_weights)
    assert float(taught) == pytest.approx(float(_shaped_loss(logits, LABELS, REAL, inputs)), rel=1e-5)


def network_program(*, distilled, classes=3, **settings):
    from tuner.models.network_spec import network_of
    from tuner.training.optimizers import OptimizerParams
    from tuner.training.program import Program
    from tuner.training.program_key import ProgramKey

    config = TrialConfig(
        units=4,
        embedding=3,
        vocabulary=12,
        batch_size=5,
        optimizer="sgd",
        learning_rate=1.0,
        dropout=0.0,
        gradient_clip_norm=0.0,
        **settings,
    )
    network = network_of(config, vocabulary_size=12, classes=classes, vectors_width=None)
    program = Program(ProgramKey.of(config, network, compiled=False, distilled=distilled))
    program.start(seed=3, params=OptimizerParams.of(config))
    return program, config


def batch(targets=None):
    tokens = np.random.default_rng(5).integers(2, 12, (5, 6)).astype(np.int32)
    return Batch(tokens, np.full(5, 6, np.int32), LABELS, REAL, targets)


def step(program, config, given):
    from tuner.training.program_key import StepInputs

    reported = program.train(given, StepInputs.of(config, np.array([2, 3, 1])), (0, 0))
    return reported, program.weights()


@pytest.mark.parametrize("settings", [{}, {"class_weights": "balanced", "label_smoothing": 0.1, "word_dropout": 0.2}])
def test_a_teacher_that_says_the_labels_alone_changes_no_step_where_it_has_no_share(settings):
    """With all of the loss the label's, a student's step is an ordinary one to the last bit of float32 arithmetic."""
    plain = step(*network_program(distilled=False, **settings), batch())
    nobody = Targets(np.full((5, 3), 1 / 3, np.float32), np.ones(5, np.float32), np.ones(5, np.float32))
    taught = step(*network_program(distilled=True, **settings), batch(nobody))
    assert taught[0] == plain[0]
    for mine, its in zip(taught[1], plain[1], strict=True):
        np.testing.assert_allclose(mine, its, atol=1e-6)


def test_a_step_goes_down_the_weighted_sum_of_both_losses():
    """Plain gradient descent at rate 1: the bias of the head moves by the mean of ``share (p - y) + (1 - share) (p - q)``."""
    taught = softmax(np.random.default_rng(2).normal(size=(5, 3))).astype(np.float32)
    labelled = np.array([1, 1, 1, 0, 1], np.float32)
    program, config = network_program(distilled=True)
    given = batch(Targets(taught, SHARES, labelled))
    _, outputs = program.evaluate(_padded(given))
    before = program.weights()[-1]
    (loss, _), after = step(program, config, given)
    found = softmax(outputs[:5])
    mean = (found - SHARES[:, None] * np.eye(3)[LABELS] - (1 - SHARES)[:, None] * taught) * REAL[:, None] / REAL.sum()
    np.testing.assert_allclose(after[-1] - before, -mean.sum(axis=0), atol=1e-5)
    counted = REAL * labelled  # what is reported is of labels, and of texts that have one
    assert loss == pytest.approx(float(-(np.log(found[range(5), LABELS]) * counted).sum()), rel=1e-4)


def _padded(given):
    from tuner.training.program import EVALUATION_BATCH

    rows = EVALUATION_BATCH - 5
    return Batch(
        np.pad(given.tokens, ((0, rows), (0, 0)), constant_values=1),
        np.pad(given.lengths, (0, rows), constant_values=6),
        np.pad(given.labels, (0, rows)),
        np.pad(given.weights, (0, rows)),
    )


def texts(count, seed):
    """Texts of 5 words with the label by which of the words 5 and 6 is in them."""
    generator = np.random.default_rng(seed)
    tokens = generator.integers(7, 20, (count, 5)).astype(np.int32)
    labels = generator.integers(0, 2, count).astype(np.int32)
    tokens[np.arange(count), generator.integers(0, 5, count)] = 5 + labels
    return EncodedDataset(tokens.ravel(), np.arange(count + 1) * 5, labels)


def student(context, targets, **settings):
    from tuner.training.trial_run import TrialRun

    config = TrialConfig(units=8, embedding=4, vocabulary=20, learning_rate=0.02, batch_size=32, **settings)
    trial = TrialRun(context.of_teacher(targets), config, seed=(0, 1), state=None)
    return [trial.run_to_report() for _ in range(targets.epochs)]


@pytest.fixture(scope="module")
def context():
    from tuner.training.worker_context import WorkerContext

    order = np.array([0, 1, *range(19, 1, -1)], np.int32)
    data = EncodedSplits(texts(64, 1), texts(200, 2), informative=order)
    return WorkerContext(data, vocabulary_size=20, classes=2, epochs=2)


@pytest.mark.parametrize(
    "settings", [{}, {"weight_average": 0.98, "word_dropout": 0.1, "vocabulary_order": "informative"}]
)
def test_a_student_learns_from_a_perfect_teacher_of_texts_without_labels(context, settings):
    """The labels of the training texts are of no use here: they have no share, and the teacher does not know these texts."""
    from dataclasses import replace

    far = texts(600, 3)
    certain = np.eye(2, dtype=np.float32)[far.labels]
    unlabelled = replace(far, labels=np.zeros(len(far), np.int32))
    probabilities = np.concatenate([np.full((64, 2), 0.5, np.float32), certain])
    targets = SoftTargets(probabilities, np.zeros(664, np.float32), unlabelled, epochs=6)
    reports = student(context, targets, **settings)
    assert max(report.epoch.metrics["accuracy"] for report in reports) > 0.95
    assert reports[-1].epoch.train_accuracy > 0.9  # of the 64 texts that have labels
    alone = SoftTargets(probabilities[:64], np.zeros(64, np.float32), texts(0, 0), epochs=6)
    assert max(report.epoch.metrics["accuracy"] for report in student(context, alone, **settings)) < 0.7


def test_students_leave_the_trials_of_their_worker_as_they_are(context):
    from tuner.training.trial_run import TrialRun

    config = TrialConfig(units=8, embedding=4, vocabulary=20, learning_rate=0.02, batch_size=32)

    def trial():
        run = TrialRun(context, config, seed=(0, 1), state=None)
        return [
            (report.epoch.train_loss, report.epoch.val_loss, report.last)
            for report in (run.run_to_report(), run.run_to_report())
        ]

    first = trial()
    targets = SoftTargets(np.full((64, 2), 0.5, np.float32), np.full(64, 0.5, np.float32), texts(0, 0), epochs=1)
    student(context, targets)
    assert trial() == first


def test_what_students_are_trained_on_is_read_as_it_was_packed(tmp_path):
    from tuner.data.soft_targets import read_soft_targets

    targets = SoftTargets(np.full((66, 2), 0.5, np.float32), np.full(66, 0.5, np.float32), texts(2, 4), epochs=3)
    path = tmp_path / "targets.npz"
    path.write_bytes(targets.pack())
    found = read_soft_targets(path).beside(texts(64, 1))
    assert len(found) == 66
    assert found.labelled_among(np.arange(66)) == 64
    assert found.lengths.tolist() == [5] * 66
    assert found.tokens[-10:].tolist() == targets.unlabelled.tokens.tolist()
