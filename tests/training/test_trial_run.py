import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def worker_context():
    from tuner.data.encoded import EncodedDataset, EncodedSplits
    from tuner.training.worker_context import WorkerContext

    def part(count, seed):
        """Texts of 3 to 12 tokens; the label says whether token 5 comes before token 6."""
        generator = np.random.default_rng(seed)
        lengths = generator.integers(3, 13, count)
        texts, labels = [], []
        for length in lengths:
            text = generator.integers(7, 20, length)
            first, second = np.sort(generator.choice(length, 2, replace=False))
            label = int(generator.integers(2))
            text[first], text[second] = (5, 6) if label else (6, 5)
            texts.append(text)
            labels.append(label)
        return EncodedDataset(
            np.concatenate(texts).astype(np.int32),
            np.concatenate([[0], np.cumsum(lengths)]),
            np.array(labels, np.int32),
        )

    return WorkerContext(EncodedSplits(part(600, 1), part(150, 2)), vocabulary_size=20, classes=2, epochs=8)


def config(**changes):
    from search_spaces import TrialConfig

    return TrialConfig(
        **{"units": 8, "embedding": 4, "vocabulary": 20, "learning_rate": 0.02, "batch_size": 32, **changes}
    )


def run(worker_context, epochs, *, seed=(0, 0), state=None, scores=(), **changes):
    from tuner.training.trial_run import TrialRun

    trial = TrialRun(worker_context, config(**changes), seed=seed, state=state, scores=scores)
    return [trial.run_to_report() for _ in range(epochs)]


def numbers(reports):
    return [(r.epoch.epoch, r.epoch.train_loss, r.epoch.val_loss, r.epoch.metrics["accuracy"]) for r in reports]


def test_it_learns_what_needs_order(worker_context):
    assert run(worker_context, 8)[-1].epoch.metrics["accuracy"] > 0.9


def test_the_same_seed_gives_the_same_numbers_after_other_trials_in_the_same_worker(worker_context):
    first = numbers(run(worker_context, 2, dropout=0.3))
    run(worker_context, 1, dropout=0.1, learning_rate=0.5, seed=(0, 9))
    assert numbers(run(worker_context, 2, dropout=0.3)) == first
    assert numbers(run(worker_context, 2, dropout=0.3, seed=(0, 1))) != first


def test_going_on_from_a_state_gives_what_a_run_without_a_break_gives(worker_context):
    whole = run(worker_context, 4, dropout=0.3)
    reported = [report.epoch.metrics["accuracy"] for report in whole]
    resumed = run(worker_context, 2, dropout=0.3, state=whole[1].last, scores=reported)
    assert numbers(resumed) == numbers(whole[2:])
    assert [report.best for report in resumed] == [report.best for report in whole[2:]]


@pytest.mark.parametrize(
    "changes",
    [{"dropout": 0.3, "weight_average": 0.998}, {"rate_schedule": "cosine", "batch_size": 64, "batch_tokens": 300}],
)
def test_an_epoch_in_parts_trains_what_an_uncut_one_trains(worker_context, changes):
    from tuner.training.archives import unpacked

    whole, parts = run(worker_context, 2, **changes), run(in_parts(worker_context, 3), 6, **changes)
    assert [report.epoch.epoch for report in parts] == [1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2]
    for uncut, cut in zip(whole, parts[2::3], strict=True):
        assert (cut.epoch.epoch, cut.epoch.val_loss) == (uncut.epoch.epoch, uncut.epoch.val_loss)
        there, here = unpacked(uncut.last), unpacked(cut.last)
        assert {name: array.tolist() for name, array in here.items() if name != "epoch"} == {
            name: array.tolist() for name, array in there.items() if name != "epoch"
        }
    # What it reports of training is of the part alone, and in the mean over the texts that of the epoch.
    sizes = [len(part.rows) for part in parts_of_an_epoch(worker_context, 3, **changes)]
    assert sum(sizes) == 600
    for name in ("train_loss", "train_accuracy"):
        reported = [getattr(report.epoch, name) for report in parts[:3]]
        assert len(set(reported)) == 3
        assert np.average(reported, weights=sizes) == pytest.approx(getattr(whole[0].epoch, name), rel=1e-9)


def test_going_on_within_an_epoch_gives_what_a_run_without_a_break_gives(worker_context):
    context = in_parts(worker_context, 4)
    whole = run(context, 7, dropout=0.3)
    reported = [report.epoch.metrics["accuracy"] for report in whole]
    for done in (1, 2, 4, 5):
        resumed = run(context, 7 - done, dropout=0.3, state=whole[done - 1].last, scores=reported[:done])
        assert numbers(resumed) == numbers(whole[done:])
        assert [report.best for report in resumed] == [report.best for report in whole[done:]]


def test_more_reports_than_batches_are_refused(worker_context):
    from tuner.errors import InputError

    with pytest.raises(InputError, match="an epoch has 3 batches, fewer than its 4 reports"):
        run(in_parts(worker_context, 4), 1, batch_size=256)


def in_parts(worker_context, reports):
    from copy import copy

    context = copy(worker_context)
    context.reports_per_epoch = reports
    return context


def parts_of_an_epoch(worker_context, count, **changes):
    """The batches of the first epoch of the trial with seed (0, 0), in parts."""
    from tuner.data.batches import training_batches
    from tuner.training.trial_run import TrialRun

    trial = TrialRun(worker_context, config(**changes), seed=(0, 0), state=None)
    size = {"batch_size": changes.get("batch_size", 32), "batch_tokens": changes.get("batch_tokens", 0)}
    batches = training_batches(trial._data.train, trial._buckets, seed_sequence=(trial._order_seed, 1), **size)
    return [batches.part(number, count) for number in range(count)]


def test_the_same_shape_is_compiled_once(worker_context):
    run(worker_context, 1)
    again = run(worker_context, 2, dropout=0.4, learning_rate=0.001, gradient_clip_norm=0.5, seed=(0, 3))
    assert [report.epoch.compile_seconds for report in again] == [0.0, 0.0]


def test_best_weights_come_with_improvements_alone(worker_context):
    reports = run(worker_context, 6)
    best = -1.0
    for report in reports:
        assert (report.best is not None) == (report.epoch.metrics["accuracy"] > best)
        best = max(best, report.epoch.metrics["accuracy"])


def test_a_loss_that_is_no_number_is_reported_as_diverged_and_not_as_best(worker_context):
    from tuner.training.archives import numbered, packed
    from tuner.training.trial_run import TrialRun

    trial = TrialRun(worker_context, config(), seed=(0, 0), state=None)
    table, *others = trial._program.weights()
    trial._program.load_weights(packed(numbered("w", [np.full_like(table, np.nan), *others])))
    report = trial.run_to_report()
    assert report.epoch.diverged
    assert report.best is None


def test_a_trial_on_a_fold_is_one_on_copies_of_its_texts(worker_context):
    from tuner.data.encoded import EncodedDataset, EncodedSplits
    from tuner.training.worker_context import WorkerContext

    def copied(texts):
        rows = [texts.tokens[begin:][:length] for begin, length in zip(texts.offsets, texts.lengths, strict=False)]
        return EncodedDataset(np.concatenate(rows), np.concatenate([[0], np.cumsum(texts.lengths)]), texts.labels)

    folds = np.resize(np.array([1, 2, 3], np.int8), 750)
    folded = WorkerContext(worker_context.data.with_folds(folds), vocabulary_size=20, classes=2, epochs=8)
    seen = folded.of_fold(2)
    apart = WorkerContext(EncodedSplits(copied(seen.data.train), copied(seen.data.validation)), 20, 2, 8)
    apart.buckets = folded.buckets
    changes = {"dropout": 0.2, "class_weights": "balanced"}
    assert numbers(run(seen, 2, **changes)) == numbers(run(apart, 2, **changes))
    assert numbers(run(seen, 2, **changes)) != numbers(run(folded.of_fold(1), 2, **changes))
