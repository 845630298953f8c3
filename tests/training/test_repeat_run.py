import numpy as np
import pytest

from search_spaces import TrialConfig
from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.metrics import BY_ACCURACY, Scorer, objective_of
from tuner.models.network_spec import AVERAGING_CONFIG
from tuner.thresholds import cross_fitted, with_offsets
from tuner.training.test_result import evaluate

pytestmark = pytest.mark.tensorflow

CONFIG = TrialConfig(units=8, embedding=4, vocabulary=20, learning_rate=0.02, batch_size=32)


def part(count, seed, longest=12):
    """Texts of 3 to ``longest`` tokens; the label says whether token 5 is in them."""
    generator = np.random.default_rng(seed)
    texts = [generator.integers(6, 20, generator.integers(3, longest + 1)) for _ in range(count)]
    labels = generator.integers(0, 2, count)
    for text, label in zip(texts, labels, strict=True):
        text[generator.integers(len(text))] = 5 if label else 6
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
    return EncodedDataset(np.concatenate(texts).astype(np.int32), offsets, labels.astype(np.int32))


@pytest.fixture(scope="module")
def splits():
    return EncodedSplits(part(400, 1), part(100, 2))


@pytest.fixture(scope="module")
def worker_context(splits):
    from tuner.training.worker_context import WorkerContext

    return WorkerContext(splits, vocabulary_size=20, classes=2, epochs=4)


def evaluated(worker_context, test, config=CONFIG, seed=(0, 3, 1)):
    from tuner.training.repeat_run import RepeatRun
    from tuner.training.trial_run import TrialRun

    run = RepeatRun(TrialRun(worker_context, config, seed=seed, state=None), worker_context, test, BY_ACCURACY)
    reports = [run.run_to_report() for _ in range(worker_context.epochs)]
    assert [report.over for report in reports] == [False] * (worker_context.epochs - 1) + [True]
    return reports


def test_it_is_judged_at_its_best_epoch_and_says_so(worker_context):
    reports = evaluated(worker_context, part(90, 3))
    accuracies = [report.epoch.metrics["accuracy"] for report in reports]
    test_result = reports[-1].test_result
    assert test_result.validation.metrics["accuracy"] == max(accuracies) == accuracies[reports[-1].best_epoch - 1]
    assert test_result.validation.loss == pytest.approx(reports[reports[-1].best_epoch - 1].epoch.val_loss, rel=1e-4)
    assert reports[-1].seconds == pytest.approx(sum(report.epoch.seconds for report in reports))


def test_a_repeat_reports_within_epochs_as_its_trial_did(worker_context):
    from copy import copy

    from tuner.training.repeat_run import RepeatRun
    from tuner.training.trial_run import TrialRun

    context = copy(worker_context)
    context.epochs, context.reports_per_epoch = 2, 3
    trial = TrialRun(context, CONFIG, seed=(0, 3, 1), state=None)
    run = RepeatRun(trial, context, part(90, 3), BY_ACCURACY)
    reports = [run.run_to_report() for _ in range(6)]
    assert [report.over for report in reports] == [False] * 5 + [True]
    values = {report.epoch.epoch: report.epoch.metrics["accuracy"] for report in reports}
    assert values[reports[-1].best_epoch] == max(values.values())
    assert reports[-1].test_result.validation.metrics["accuracy"] == max(values.values())


def test_answers_are_in_the_order_of_the_texts_and_long_texts_are_read_whole(worker_context, splits):
    test = part(70, 4, longest=40)  # longer than any text that was trained or validated on
    result = evaluated(worker_context, test)[-1].test_result.test
    assert result.metrics["accuracy"] == (result.predictions.predicted == test.labels).mean()
    assert result.metrics["accuracy"] > 0.8
    assert ((result.predictions.confidences >= 0.5) & (result.predictions.confidences <= 1)).all()


def test_a_repeat_is_a_function_of_its_seed(worker_context):
    test = part(50, 5)
    first, again, other = (
        evaluated(worker_context, test, seed=seed)[-1].test_result for seed in ((0, 3, 1), (0, 3, 1), (0, 3, 2))
    )
    assert (first.test.predictions.confidences == again.test.predictions.confidences).all()
    assert (first.test.predictions.confidences != other.test.predictions.confidences).any()


def test_patience_ends_a_repeat_as_it_ends_a_trial(worker_context):
    from tuner.training.repeat_run import RepeatRun
    from tuner.training.trial_run import TrialRun

    still = CONFIG.model_copy(update={"learning_rate": 1e-12})  # no epoch is better than the first
    run = RepeatRun(
        TrialRun(worker_context, still, seed=(0, 3, 1), state=None),
        worker_context,
        part(20, 3),
        BY_ACCURACY,
        patience=1,
    )
    assert [run.run_to_report().over for _ in range(2)] == [False, True]


def test_averaged_embeddings_learn_what_needs_no_order(splits):
    from tuner.training.worker_context import WorkerContext

    bench = WorkerContext(splits, vocabulary_size=20, classes=2, epochs=12)
    assert evaluated(bench, part(200, 6), config=AVERAGING_CONFIG)[-1].test_result.test.metrics["accuracy"] > 0.9


def labelled(labels):
    """One word a text: only the labels matter."""
    return EncodedDataset(
        np.full(len(labels), 2, np.int32), np.arange(len(labels) + 1), np.array(labels, dtype=np.int32)
    )


def test_a_result_by_hand():
    logits = {2: np.array([[0.0], [np.log(3.0)]], np.float32), 1: np.log(np.array([[0.2, 0.5, 0.3]], np.float32))}
    two, three = labelled([1, 1]), labelled([2])
    result = evaluate(lambda part: logits[len(part)], two, three, BY_ACCURACY)
    assert (result.thresholds, result.offsets) == (None, None)
    assert result.validation.predictions.predicted.tolist() == [0, 1]
    assert result.validation.predictions.confidences.tolist() == pytest.approx([0.5, 0.75])
    assert result.validation.metrics["accuracy"] == 0.5
    assert result.validation.loss == pytest.approx(-(np.log(0.5) + np.log(0.75)) / 2)
    assert (result.test.predictions.predicted[0], result.test.metrics["accuracy"]) == (1, 0.0)
    assert result.test.loss == pytest.approx(-np.log(0.3), rel=1e-5)


def test_answers_follow_thresholds_where_these_gain_on_texts_that_they_were_not_chosen_on():
    scorer = Scorer(objective_of("macro_f1"), ("often", "seldom"))
    rng = np.random.default_rng(0)
    parts = [labelled((rng.random(texts) < 0.1).astype(np.int32)) for texts in (400, 300)]
    # The right class has more of the logit, but the rare one never as much as the other.
    shifted = {
        len(part): (rng.normal(size=(len(part), 1)) * 0.3 + 2.0 * part.labels[:, None] - 3).astype(np.float32)
        for part in parts
    }
    result = evaluate(lambda part: shifted[len(part)], *parts, scorer)
    assert result.offsets == result.thresholds.offsets != (0.0, 0.0)
    for part, found in zip(parts, (result.validation, result.test), strict=True):
        plain = scorer.predictions(shifted[len(part)], part.labels)
        expected = with_offsets(plain, np.array(result.offsets))
        assert found.predictions.predicted.tolist() == expected.predicted.tolist()
        assert (
            found.metrics["macro_f1"]
            == scorer.measured(expected)["macro_f1"]
            > 0.9
            > scorer.measured(plain)["macro_f1"]
        )
        # The confidence is still the probability of what is answered, and the loss that of the probabilities.
        own = plain.log_probabilities[np.arange(len(part)), expected.predicted]
        np.testing.assert_allclose(found.predictions.confidences, np.exp(own), rtol=1e-6)
        assert found.loss == plain.loss
    plain = scorer.predictions(shifted[400], parts[0].labels)
    assert result.thresholds.cross_fitted == cross_fitted(plain, scorer.objective) > result.thresholds.argmax


def test_thresholds_that_gain_only_where_they_were_chosen_are_not_used():
    scorer = Scorer(objective_of("macro_f1"), ("often", "seldom"))
    rng = np.random.default_rng(0)
    part = labelled((rng.random(60) < 0.2).astype(np.int32))
    logits = (rng.normal(size=(60, 1)) * 2 + 4.0 * part.labels[:, None] - 2).astype(np.float32)
    result = evaluate(lambda _: logits, part, part, scorer)
    assert result.thresholds.chosen > result.thresholds.argmax >= result.thresholds.cross_fitted
    assert result.offsets is None
    assert result.test.predictions.predicted.tolist() == (logits[:, 0] > 0).astype(int).tolist()
