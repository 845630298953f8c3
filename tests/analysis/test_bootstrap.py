import numpy as np
import pytest

from analysis.bootstrap import differences, resampled_accuracies, resampled_metric


def answers(generator, trainings, texts, accuracy):
    return generator.random((trainings, texts)) < accuracy


def test_without_seeds_it_is_the_binomial_interval():
    right = np.zeros((1, 400), bool)
    right[:, :300] = True
    sample = resampled_accuracies({"a": right}, samples=4_000)["a"]
    assert sample.mean() == pytest.approx(0.75, abs=0.002)
    assert sample.std() == pytest.approx(np.sqrt(0.75 * 0.25 / 400), rel=0.05)


def test_without_texts_it_is_the_standard_error_between_trainings():
    # Every text has the same answer within a training, and four trainings are right 0, 0, 1 and 1 times.
    right = np.repeat([[False], [False], [True], [True]], 50, axis=1)
    sample = resampled_accuracies({"a": right}, samples=20_000)["a"]
    assert sample.std() == pytest.approx(np.std([0, 0, 1, 1], ddof=1) / np.sqrt(4), rel=0.03)


def test_samples_are_paired_between_models():
    generator = np.random.default_rng(0)
    once = answers(generator, 1, 500, 0.8)
    resampled = resampled_accuracies({"a": once, "b": once.copy()})
    assert (resampled["a"] == resampled["b"]).all()


def test_the_same_seed_gives_the_same_samples():
    right = {"a": answers(np.random.default_rng(1), 3, 100, 0.7)}
    first, second, other = (resampled_accuracies(right, seed=seed)["a"] for seed in (0, 0, 1))
    assert (first == second).all()
    assert (first != other).any()


def test_clear_differences_are_told_and_equal_models_are_tied():
    generator = np.random.default_rng(2)
    correct = {name: answers(generator, 3, 2_000, share) for name, share in (("a", 0.9), ("b", 0.9), ("c", 0.8))}
    pairs = {frozenset((pair.better, pair.other)): pair for pair in differences(correct, resampled_accuracies(correct))}
    assert pairs[frozenset("ab")].tied
    for name in "ab":
        pair = pairs[frozenset((name, "c"))]
        assert (pair.better, pair.tied) == (name, False)
        assert pair.low < 0.1 < pair.high


def test_identical_answers_and_single_trainings_are_tied():
    generator = np.random.default_rng(3)
    same = answers(generator, 2, 300, 0.9)
    correct = {"a": same, "b": same[::-1].copy(), "c": answers(generator, 1, 300, 0.1)}
    assert all(pair.tied for pair in differences(correct, resampled_accuracies(correct)))
    assert differences({"a": same}, resampled_accuracies({"a": same})) == []


def test_more_comparisons_make_wider_intervals():
    generator = np.random.default_rng(4)
    correct = {str(number): answers(generator, 3, 400, 0.8) for number in range(8)}
    few = {name: correct[name] for name in ("0", "1")}
    width = {}
    for name, part in (("few", few), ("many", correct)):
        pair = next(p for p in differences(part, resampled_accuracies(part)) if {p.better, p.other} == {"0", "1"})
        width[name] = pair.high - pair.low
    assert width["many"] > 1.3 * width["few"]


def test_accuracy_by_counts_is_accuracy_by_right_answers():
    generator = np.random.default_rng(5)
    labels = generator.integers(0, 3, 200)
    given = {
        name: np.where(generator.random((2, 200)) < 0.8, labels, generator.integers(0, 3, (2, 200))) for name in "ab"
    }
    by_counts = resampled_metric(
        {name: labels * 3 + answer for name, answer in given.items()}, 3, lambda table: float(table.trace() / table.sum()),
        samples=250,
    )  # fmt: skip
    by_answers = resampled_accuracies({name: answer == labels for name, answer in given.items()}, samples=250)
    for name in "ab":
        assert by_counts[name] == pytest.approx(by_answers[name], rel=1e-5)


def test_another_metric_is_scikit_learns_on_texts_drawn_again():
    """Of one training: the spread over samples is that of macro-F1 on as many texts from the same source."""
    from sklearn.metrics import f1_score

    from tuner.measures import Predictions
    from tuner.metrics import METRICS

    generator = np.random.default_rng(6)

    def sample():
        labels = (generator.random(500) < 0.1).astype(int)
        return labels, np.where(generator.random(500) < 0.85, labels, 1 - labels)

    labels, given = sample()
    measure = METRICS["macro_f1"].measure
    found = resampled_metric({"a": (labels * 2 + given)[None]}, 2, lambda table: measure(Predictions.of_counts(table)))[
        "a"
    ]
    assert found.mean() == pytest.approx(f1_score(labels, given, average="macro"), abs=0.01)
    others = [f1_score(*sample(), average="macro") for _ in range(300)]
    assert found.std() == pytest.approx(np.std(others), rel=0.2)
