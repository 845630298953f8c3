"""Training of a custom model: the numbers that are reported, and that a break changes none of them."""

import dataclasses
import io
import math
import sys

import numpy as np
import pytest

from search_spaces.config import CustomConfig
from tuner.data.encoded import EncodedDataset, EncodedSplits

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run_functions_eagerly`:UserWarning"),
]

SOURCE = """
import keras
layers = keras.layers

def build(hp, classes, max_length, vocabulary_size):
    time = max_length if hp.Boolean("fixed") else None
    one = hp.Boolean("one_output")
    last = [layers.Dense(1)] if one else [layers.Dense(classes, activation="softmax")]
    model = keras.Sequential([
        keras.Input((time,), dtype="int32"),
        layers.Embedding(vocabulary_size, 6, mask_zero=True),
        layers.LSTM(hp.Choice("units", [4, 8]), dropout=0.2),
        layers.BatchNormalization(),
        layers.Dropout(0.3),
        *last,
    ])
    loss = keras.losses.BinaryCrossentropy(from_logits=True) if one else "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.Adam(hp.Float("rate", 0.001, 0.1)), loss, metrics=["accuracy"])
    return model

def averaged(hp):
    model = keras.Sequential([keras.Input((None,)), layers.Embedding(30, 2), layers.GlobalMaxPooling1D(), layers.Dense(2)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.05, use_ema=True, ema_momentum=0.9), loss)
    return model

def silent(hp):
    model = keras.Sequential([keras.Input((None,)), layers.Embedding(30, 2), layers.GlobalMaxPooling1D(), layers.Dense(2)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model
"""
VALUES = {"fixed": False, "one_output": False, "units": 4, "rate": 0.02}


def part(texts, seed):
    """Texts of 2 to 12 tokens that are of class 1 where they hold the word 2."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(2, 13, texts)
    tokens = generator.integers(3, 30, lengths.sum(), dtype=np.int32)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    labels = generator.integers(0, 2, texts, dtype=np.int32)
    tokens[offsets[:-1][labels == 1]] = 2
    return EncodedDataset(tokens, offsets, labels)


DATA = EncodedSplits(part(150, 0), part(70, 1))


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    from tuner.models.custom.source import ModelSource
    from tuner.training.worker_context import WorkerContext

    root = tmp_path_factory.mktemp("own")
    (root / "custom_models_for_runs.py").write_text(SOURCE)

    def make(name="build"):
        source = ModelSource.read(f"custom_models_for_runs:{name}", root, ["custom_models_for_runs.py"])
        return WorkerContext(DATA, vocabulary_size=30, classes=2, epochs=3, custom_source=source, max_length=12)

    yield make
    sys.modules.pop("custom_models_for_runs", None)


@pytest.fixture
def step_by_step(monkeypatch):
    """For what graph and compiler have no part in: they need seconds for each model."""
    import tensorflow as tf

    monkeypatch.setattr("keras.src.trainers.trainer.model_supports_jit", lambda _: False)
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def run(own, *, state=None, scores=(), seed=(0, 1), **changes):
    from tuner.training.custom_run import CustomRun

    return CustomRun(own(), CustomConfig.of(VALUES | changes), seed=seed, state=state, scores=scores)


def numbers(report):
    """What must not depend on the clock."""
    epoch = dataclasses.replace(report.epoch, seconds=0.0, compile_seconds=0.0, tokens_per_second=0.0)
    return epoch, arrays(report.last)


def arrays(content):
    with np.load(io.BytesIO(content)) as archive:
        return {name: archive[name].tolist() for name in archive.files}


@pytest.fixture(scope="module")
def reports(own):
    """Three epochs of a trial that nobody interrupts."""
    whole = run(own)
    return [whole.run_to_report() for _ in range(3)]


def test_a_trial_that_goes_on_gives_the_numbers_of_one_that_was_not_interrupted(own, reports):
    again = run(own, state=reports[1].last, scores=[report.epoch.metrics["accuracy"] for report in reports[:2]])
    assert numbers(again.run_to_report()) == numbers(reports[2])
    losses = [report.epoch.train_loss for report in reports]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.usefixtures("step_by_step")
@pytest.mark.parametrize("name", ["build", "averaged"])
def test_it_goes_on_within_an_epoch_as_if_there_had_been_no_break(own, name):
    from tuner.training.custom_run import CustomRun

    def begun(**start):
        context = own(name)
        context.reports_per_epoch = 3
        return CustomRun(
            context, CustomConfig.of(VALUES if name == "build" else {}), seed=(0, 1), **{"state": None} | start
        )

    whole = begun()
    reports = [whole.run_to_report() for _ in range(5)]
    assert [report.epoch.epoch for report in reports] == [1 / 3, 2 / 3, 1, 4 / 3, 5 / 3]
    again = begun(state=reports[1].last, scores=[report.epoch.metrics["accuracy"] for report in reports[:2]])
    assert [numbers(again.run_to_report()) for _ in range(3)] == [numbers(report) for report in reports[2:]]


def test_another_seed_is_another_trial_and_the_same_is_the_same(own, reports):
    same, other = (run(own, seed=seed).run_to_report() for seed in ((0, 1), (0, 2)))
    assert numbers(reports[0]) == numbers(same)
    assert numbers(reports[0]) != numbers(other)


@pytest.mark.usefixtures("step_by_step")
@pytest.mark.parametrize("changes", [{}, {"one_output": True}, {"fixed": True, "units": 8, "batch_size": 7}])
def test_accuracy_loss_and_size_are_those_of_the_model_itself(own, changes):
    trial = run(own, **changes)
    report = trial.run_to_report()
    model, data = trial._model, DATA.validation
    tokens = np.zeros((len(data), 12), np.int32)
    for row, (begin, end) in enumerate(zip(data.offsets, data.offsets[1:], strict=False)):
        tokens[row, : end - begin] = data.tokens[begin:end]
    outputs = model.predict(tokens, verbose=0)
    answers = outputs[:, 0] > 0 if outputs.shape[1] == 1 else outputs.argmax(1)
    assert report.epoch.metrics["accuracy"] == pytest.approx((answers == data.labels).mean())
    assert report.epoch.val_loss == pytest.approx(model.evaluate(tokens, data.labels, verbose=0)[0], rel=1e-4)
    assert report.epoch.counted.total == model.count_params()
    assert report.epoch.counted.embedding == 30 * 6
    logits = trial.logits(report.best, data)
    assert ((logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(1)) == answers).all()


@pytest.mark.usefixtures("step_by_step")
def test_batch_size_is_read_from_the_hyperparameters(own):
    trial = run(own, batch_size=10)
    trial.run_to_report()
    assert int(trial._model.optimizer.iterations.numpy()) == 150 / 10
    with pytest.raises(Exception, match=r"batch_size is 0\.5"):
        run(own, batch_size=0.5)


@pytest.mark.usefixtures("step_by_step")
def test_a_model_without_an_accuracy_of_its_own_reports_none_while_training(own):
    from tuner.training.custom_run import CustomRun

    report = CustomRun(own("silent"), CustomConfig.of({}), seed=(0, 0), state=None).run_to_report()
    assert math.isnan(report.epoch.train_accuracy)
    assert 0 <= report.epoch.metrics["accuracy"] <= 1
    assert not report.epoch.diverged


def test_the_state_of_another_model_is_refused(own, reports):
    with pytest.raises(Exception, match="other weights than when its last epoch was saved"):
        run(own, units=8, state=reports[0].last)


@pytest.mark.usefixtures("step_by_step")
def test_an_optimizer_that_averages_is_judged_by_the_averages_and_trains_on_from_the_weights(own):
    from tuner.training.custom_run import CustomRun

    def trial(**start):
        return CustomRun(own("averaged"), CustomConfig.of({}), seed=(0, 1), **start)

    whole = trial(state=None)
    reports = [whole.run_to_report() for _ in range(3)]
    again = trial(state=reports[1].last, scores=[report.epoch.metrics["accuracy"] for report in reports[:2]])
    assert numbers(again.run_to_report()) == numbers(reports[2])

    raw, best = arrays(reports[0].last), arrays(reports[0].best)
    weights = [name for name in best if name.startswith("w")]
    averages = [value for name, value in raw.items() if name.startswith("s")]
    assert all(best[name] != raw[name] for name in weights)
    assert all(best[name] in averages for name in weights)  # the optimizer's own
