import numpy as np
import pytest

from search_spaces import TrialConfig
from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.metrics import BY_ACCURACY
from tuner.models.network_spec import AVERAGING_CONFIG
from tuner.training.test_result import part_result

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
    reports = [run.run_epoch() for _ in range(worker_context.epochs)]
    assert [report.over for report in reports] == [False] * (worker_context.epochs - 1) + [True]
    return reports


def test_it_is_judged_at_its_best_epoch_and_says_so(worker_context):
    reports = evaluated(worker_context, part(90, 3))
    accuracies = [report.epoch.metrics["accuracy"] for report in reports]
    test_result = reports[-1].test_result
    assert test_result.validation.metrics["accuracy"] == max(accuracies) == accuracies[test_result.best_epoch - 1]
    assert test_result.validation.loss == pytest.approx(reports[test_result.best_epoch - 1].epoch.val_loss, rel=1e-4)
    assert reports[-1].seconds == pytest.approx(sum(report.epoch.seconds for report in reports))


def test_answers_are_in_the_order_of_the_texts_and_long_texts_are_read_whole(worker_context, splits):
    test = part(70, 4, longest=40)  # longer than any text that was trained or validated on
    result = evaluated(worker_context, test)[-1].test_result.test
    assert result.metrics["accuracy"] == (result.answers.answers == test.labels).mean()
    assert result.metrics["accuracy"] > 0.8
    assert ((result.answers.confidences >= 0.5) & (result.answers.confidences <= 1)).all()


def test_a_repeat_is_a_function_of_its_seed(worker_context):
    test = part(50, 5)
    first, again, other = (
        evaluated(worker_context, test, seed=seed)[-1].test_result for seed in ((0, 3, 1), (0, 3, 1), (0, 3, 2))
    )
    assert (first.test.answers.confidences == again.test.answers.confidences).all()
    assert (first.test.answers.confidences != other.test.answers.confidences).any()


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
    assert [run.run_epoch().over for _ in range(2)] == [False, True]


def test_averaged_embeddings_learn_what_needs_no_order(splits):
    from tuner.training.worker_context import WorkerContext

    bench = WorkerContext(splits, vocabulary_size=20, classes=2, epochs=12)
    assert evaluated(bench, part(200, 6), config=AVERAGING_CONFIG)[-1].test_result.test.metrics["accuracy"] > 0.9


def test_a_result_by_hand():
    two = part_result(np.array([[0.0], [np.log(3.0)]], np.float32), np.array([1, 1], np.int32), BY_ACCURACY)
    assert two.answers.answers.tolist() == [0, 1]
    assert two.answers.confidences.tolist() == pytest.approx([0.5, 0.75])
    assert (two.metrics["accuracy"], two.loss) == (0.5, pytest.approx(-(np.log(0.5) + np.log(0.75)) / 2))
    three = part_result(np.log(np.array([[0.2, 0.5, 0.3]], np.float32)), np.array([2], np.int32), BY_ACCURACY)
    assert (three.answers.answers[0], three.metrics["accuracy"]) == (1, 0.0)
    assert three.loss == pytest.approx(-np.log(0.3), rel=1e-5)
