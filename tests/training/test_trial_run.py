import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def workbench():
    from tuner.data.encoded import EncodedDataset, EncodedSplits
    from tuner.training.workbench import Workbench

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

    return Workbench(EncodedSplits(part(600, 1), part(150, 2)), vocabulary_size=20, classes=2, epochs=8)


def config(**changes):
    from search_spaces import TrialConfig

    return TrialConfig(
        **{"units": 8, "embedding": 4, "vocabulary": 20, "learning_rate": 0.02, "batch_size": 32, **changes}
    )


def run(workbench, epochs, *, seed=(0, 0), state=None, **changes):
    from tuner.training.trial_run import TrialRun

    trial = TrialRun(workbench, config(**changes), seed=seed, state=state)
    return [trial.run_epoch() for _ in range(epochs)]


def numbers(reports):
    return [(r.epoch.epoch, r.epoch.train_loss, r.epoch.val_loss, r.epoch.val_accuracy) for r in reports]


def test_it_learns_what_needs_order(workbench):
    assert run(workbench, 8)[-1].epoch.val_accuracy > 0.9


def test_the_same_seed_gives_the_same_numbers_after_other_trials_in_the_same_worker(workbench):
    first = numbers(run(workbench, 2, dropout=0.3))
    run(workbench, 1, dropout=0.1, learning_rate=0.5, seed=(0, 9))
    assert numbers(run(workbench, 2, dropout=0.3)) == first
    assert numbers(run(workbench, 2, dropout=0.3, seed=(0, 1))) != first


def test_going_on_from_a_state_gives_what_a_run_without_a_break_gives(workbench):
    whole = run(workbench, 4, dropout=0.3)
    resumed = run(workbench, 2, dropout=0.3, state=whole[1].last)
    assert numbers(resumed) == numbers(whole[2:])
    assert [report.best for report in resumed] == [report.best for report in whole[2:]]


def test_the_same_shape_is_compiled_once(workbench):
    run(workbench, 1)
    again = run(workbench, 2, dropout=0.4, learning_rate=0.001, gradient_clip_norm=0.0, seed=(0, 3))
    assert [report.epoch.compile_seconds for report in again] == [0.0, 0.0]


def test_best_weights_come_with_improvements_alone(workbench):
    reports = run(workbench, 6)
    best = -1.0
    for report in reports:
        assert (report.best is not None) == (report.epoch.val_accuracy > best)
        best = max(best, report.epoch.val_accuracy)


def test_a_loss_that_is_no_number_is_reported_as_diverged_and_not_as_best(workbench):
    from tuner.training.trial_run import TrialRun

    trial = TrialRun(workbench, config(), seed=(0, 0), state=None)
    trial._program.model.get_layer("embedding").embeddings.assign(np.full((20, 4), np.nan, np.float32))
    report = trial.run_epoch()
    assert report.epoch.diverged
    assert report.best is None


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize(("bidirectional", "layers"), [(False, 1), (True, 2)])
def test_keras_layers_and_fast_recurrence_give_the_same_with_dropout(cell, pooling, bidirectional, layers):
    """What runs on a GPU and what runs on a CPU, both without compilation, on the same weights and masks."""
    import tensorflow as tf

    from tuner.models.forward import logits as fused
    from tuner.models.initial_weights import initialize
    from tuner.models.keras_model import build_model
    from tuner.models.layered_forward import logits as layered
    from tuner.models.network_spec import Network

    network = Network(cell, layers, 5, 3, 30, bidirectional, pooling, 4, 3)
    model = build_model(network)
    initialize(model.trainable_variables, units=5, seed=1)
    generator = np.random.default_rng(0)
    lengths = np.array([1, 7, 4, 3], np.int32)
    tokens = np.where(np.arange(7) < lengths[:, None], generator.integers(1, 40, (4, 7)), 0).astype(np.int32)
    inputs = {"dropout_rate": tf.constant(0.4), "seed": tf.constant([1, 2]), "training": True}
    weights = [variable.value for variable in model.trainable_variables]
    np.testing.assert_allclose(
        fused(weights, tokens, lengths, network, **inputs),
        layered(model, tokens, lengths, network, **inputs),
        atol=1e-5,
    )
    inputs["training"] = False
    np.testing.assert_allclose(fused(weights, tokens, lengths, network, **inputs), model(tokens), atol=1e-5)
