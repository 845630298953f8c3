"""What a training keeps beside its steps: averages of the weights, dropped words, and a rate that changes."""

import io
import math

import numpy as np
import pytest

from search_spaces import TrialConfig
from search_spaces.config import CombinationError
from support.lazy import Lazy, tf

pytestmark = pytest.mark.tensorflow

optimizers = Lazy("tuner.training.optimizers")
layers = Lazy("tuner.models.network_layers")

COMMON = {"cell": "gru", "units": 3, "embedding": 2, "vocabulary": 9, "learning_rate": 0.05, "dropout": 0.1}
EVERYTHING = {
    "weight_average": 0.9, "word_dropout": 0.2, "rate_schedule": "cosine", "warm_up": 0.1, "vocabulary_order": "informative",
}  # fmt: skip


@pytest.fixture(scope="module")
def context():
    from tuner.data.encoded import EncodedDataset, EncodedSplits
    from tuner.data.word_order import informative_order
    from tuner.training.worker_context import WorkerContext

    generator = np.random.default_rng(1)

    def part(texts):
        labels = generator.integers(0, 2, texts).astype(np.int32)
        tokens = np.where(
            generator.random((texts, 4)) < 0.3, 7 + labels[:, None], generator.integers(2, 12, (texts, 4))
        )
        return EncodedDataset(tokens.astype(np.int32).ravel(), 4 * np.arange(texts + 1), labels)

    train, validation = part(200), part(100)
    return WorkerContext(EncodedSplits(train, validation, informative=informative_order(train, 12, 2)), 12, 2, 4)


def trial(context, state=None, scores=(), **changes):
    from tuner.training.trial_run import TrialRun

    return TrialRun(context, TrialConfig(**COMMON | changes), seed=(3, 1), state=state, scores=scores)


def arrays(content, prefix):
    with np.load(io.BytesIO(content)) as archive:
        return [archive[name] for name in sorted(archive.files) if name.startswith(prefix) and name[1:].isdigit()]


def test_the_average_is_the_published_one(context):
    """Held to a plain loop over the weights after each step."""
    run = trial(context, weight_average=0.95, batch_size=50)
    program = run._program
    expected, step, train = arrays(program.weights_bytes(), "w"), 0, program.train

    def watched(*arguments):
        nonlocal expected, step
        result = train(*arguments)
        step += 1
        decay = min(0.95, (1 + step) / (10 + step))
        weights = program.weights()
        expected = [decay * old + (1 - decay) * new for old, new in zip(expected, weights, strict=True)]
        return result

    program.train = watched
    try:
        run.run_to_report()
    finally:
        del program.train
    assert step == 4
    for kept, average in zip(arrays(program.weights_bytes(), "w"), expected, strict=True):
        assert kept == pytest.approx(average, rel=1e-4, abs=1e-6)


def test_what_is_judged_and_kept_is_the_average(context):
    run = trial(context, weight_average=0.95)
    report = run.run_to_report()
    again = run.logits(report.best, context.data.validation)
    accuracy = float(((again[:, 0] > 0) == context.data.validation.labels).mean())
    assert accuracy == pytest.approx(report.epoch.metrics["accuracy"])
    raw, averaged = arrays(report.last, "w"), arrays(report.best, "w")
    assert any(not np.allclose(one, other) for one, other in zip(raw, averaged, strict=True))
    assert [a.tolist() for a in arrays(report.last, "a")] == [a.tolist() for a in averaged]


def test_training_goes_on_from_the_weights_and_not_from_their_average(context):
    plain = [report.epoch.train_loss for report in _epochs(trial(context), 3)]
    averaged = [report.epoch.train_loss for report in _epochs(trial(context, weight_average=0.95), 3)]
    assert averaged == pytest.approx(plain, rel=1e-5)


def _epochs(run, number):
    return [run.run_to_report() for _ in range(number)]


@pytest.mark.parametrize(
    "changes", [EVERYTHING, {**EVERYTHING, "batch_norm": True, "optimizer": "adamw"}], ids=["", "norm"]
)
def test_a_state_goes_on_exactly(context, changes):
    whole = _epochs(trial(context, **changes), 4)
    scores = [report.epoch.metrics["accuracy"] for report in whole]
    resumed = _epochs(trial(context, state=whole[1].last, scores=scores, **changes), 2)
    assert [report.last for report in resumed] == [report.last for report in whole[2:]]
    assert [(r.epoch.train_loss, r.epoch.val_loss) for r in resumed] == [
        (r.epoch.train_loss, r.epoch.val_loss) for r in whole[2:]
    ]


def test_the_informative_order_shows_a_small_vocabulary_the_words_that_tell(context):
    """Words 7 and 8 tell the label; by frequency a vocabulary of 5 has other words."""
    order = context.data.informative.tolist()
    assert set(order[2:4]) == {7, 8}
    small = {"vocabulary": 4, "word_dropout": 0.0, "cell": "none", "units": 32, "embedding": 2, "dropout": 0.0}
    accuracies = {
        name: _epochs(trial(context, vocabulary_order=name, **small), 4)[-1].epoch.metrics["accuracy"]
        for name in ("frequency", "informative")
    }
    assert accuracies["informative"] > accuracies["frequency"] + 0.1


def test_other_texts_are_read_in_the_order_of_the_trial(context):
    run = trial(context, vocabulary_order="informative", vocabulary=4)
    report = run.run_to_report()
    logits = run.logits(report.best, context.data.validation)
    assert float(((logits[:, 0] > 0) == context.data.validation.labels).mean()) == report.epoch.metrics["accuracy"]


def test_dropped_words_are_unknown_and_padding_stays():
    tokens = tf.constant(np.tile(np.array([5, 6, 7, 8, 0, 0], np.int32), (500, 1)))
    seed = tf.constant([1, 2])
    dropped = layers.drop_words(tokens, seed, rate=tf.constant(0.25)).numpy()
    assert (dropped[:, 4:] == 0).all()
    unknown = dropped[:, :4] == 1
    assert unknown.mean() == pytest.approx(0.25, abs=0.03)
    assert (dropped[:, :4][~unknown] == np.tile([5, 6, 7, 8], (500, 1))[~unknown]).all()
    compiled = tf.function(layers.drop_words, jit_compile=True)
    assert (compiled(tokens, seed, rate=tf.constant(0.25)).numpy() == dropped).all()
    assert (layers.drop_words(tokens, tf.constant([1, 3]), rate=tf.constant(0.25)).numpy() != dropped).any()


@pytest.mark.parametrize(
    ("schedule", "warm_up", "expected"),
    [
        ("constant", 0.0, [1, 1, 1, 1, 1]),
        ("linear", 0.0, [1, 0.75, 0.5, 0.25, 0]),
        ("cosine", 0.0, [1, 0.5 + math.sqrt(0.5) / 2, 0.5, 0.5 - math.sqrt(0.5) / 2, 0]),
        ("constant", 0.5, [0, 0.5, 1, 1, 1]),
        ("linear", 0.5, [0, 0.5, 1, 0.5, 0]),
        ("cosine", 0.5, [0, 0.5, 1, 0.5, 0]),
    ],
)
def test_rates_rise_and_fall_as_they_are_to(schedule, warm_up, expected):
    config = TrialConfig(rate_schedule=schedule, warm_up=warm_up)
    found = [optimizers.share_of_rate(config, progress / 4) for progress in range(5)]
    assert found == pytest.approx(expected, abs=1e-9)


def test_a_schedule_is_over_the_epochs_that_a_trial_may_have(context):
    run, rates = trial(context, rate_schedule="linear", batch_size=50), []
    run._program.set_learning_rate = rates.append
    try:
        _epochs(run, 4)
    finally:
        del run._program.set_learning_rate
    assert rates == pytest.approx([0.05 * (1 - step / 16) for step in range(1, 17)])


def test_words_are_not_dropped_where_there_is_one():
    with pytest.raises(CombinationError, match=r"word_dropout=0\.1: vocabulary=3 has one word; set word_dropout=0 or"):
        TrialConfig(word_dropout=0.1, vocabulary=3)
