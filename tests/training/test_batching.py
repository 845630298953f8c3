"""One compiled step for batches of every length, and when there is one."""

import time

import numpy as np
import pytest

from search_spaces import TrialConfig
from tuner.data.batches import Batch, Buckets
from tuner.models.network_spec import network_of
from tuner.training.batching import LengthBuckets

LONGEST, ROWS, WORDS = 24, 4, 12
BUCKETS = LengthBuckets(few=Buckets((16, LONGEST), 0.3), many=Buckets((8, 16, LONGEST), 0.1))
MANY_TEXTS = np.full(100_000, 20)


def config(**changes):
    return TrialConfig(**{"cell": "gru", "units": 3, "embedding": 2, "vocabulary": WORDS, "batch_size": ROWS} | changes)


def batching(texts=MANY_TEXTS, *, gpu=False, **changes):
    one = config(**changes)
    return BUCKETS.batching(one, network_of(one, vocabulary_size=WORDS, classes=2), texts, epochs=10, gpu=gpu)


def test_one_compiled_step_takes_all_lengths():
    found = batching()
    assert (found.compiled, found.buckets, found.longest, found.programs) == (True, BUCKETS.many, LONGEST, 1)


def test_batches_of_a_budget_of_tokens_are_compiled_for_each_of_few_lengths():
    found = batching(batch_tokens=512, batch_size=64)
    assert (found.compiled, found.buckets, found.longest, found.programs) == (True, BUCKETS.few, None, 2)


@pytest.mark.parametrize("changes", [{"cell": "none", "pooling": "mean", "units": 32}, {"units": 300}])
def test_what_xla_does_not_make_faster_is_not_compiled(changes):
    found = batching(**changes)
    assert (found.compiled, found.buckets, found.longest, found.programs) == (False, BUCKETS.many, None, 0)


def test_a_few_texts_are_not_worth_compiling_for():
    assert not batching(np.full(100, 20)).compiled


def test_on_a_gpu_all_is_compiled_but_what_cudnn_runs():
    cudnn, layers = batching(gpu=True), batching(np.full(100, 20), gpu=True, cell="simple_rnn")
    assert (cudnn.compiled, cudnn.buckets, cudnn.longest) == (False, BUCKETS.many, None)
    assert (layers.compiled, layers.buckets, layers.longest) == (True, BUCKETS.few, None)


def batch(length, generator):
    lengths = np.array([length, *generator.integers(1, length + 1, ROWS - 1)], np.int32)
    tokens = generator.integers(2, WORDS, (ROWS, length)) * (np.arange(length) < lengths[:, None])
    labels = generator.integers(0, 2, ROWS)
    return Batch(tokens.astype(np.int32), lengths, labels.astype(np.int32), np.ones(ROWS, np.float32))


def trained(one, batches, *, compiled, longest):
    """Losses, weights after it, and the seconds of each step."""
    from tuner.training.optimizers import OptimizerParams
    from tuner.training.program import Program
    from tuner.training.program_key import ProgramKey, StepInputs

    network = network_of(one, vocabulary_size=WORDS, classes=2)
    program = Program(ProgramKey.of(one, network, compiled=compiled, longest=longest))
    program.start(seed=3, params=OptimizerParams.of(one))
    losses, seconds = [], []
    for number, texts in enumerate(batches):
        started = time.perf_counter()
        losses.append(program.train(texts, StepInputs.of(one, np.ones(2, np.int64)), (1, number))[0])
        seconds.append(time.perf_counter() - started)
    return losses, program.weights(), seconds


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "changes",
    [
        {"cell": "gru", "pooling": "max"},
        {"cell": "lstm", "pooling": "mean", "layers": 2, "dropout": 0.3},
        {"cell": "simple_rnn", "pooling": "attention"},
        {"cell": "elman", "pooling": "last", "residual": True, "projection": True, "layers": 2, "embedding": 6},
    ],
    ids=lambda changes: changes["cell"],
)
def test_one_compiled_step_gives_what_a_plain_graph_gives_for_each_length(changes):
    one = config(**changes, bidirectional=True)
    generator = np.random.default_rng(0)
    batches = [batch(length, generator) for length in (8, LONGEST, 16, 11)]
    losses, weights, seconds = trained(one, batches, compiled=True, longest=LONGEST)
    plain_losses, plain_weights, _ = trained(one, batches, compiled=False, longest=None)
    np.testing.assert_allclose(losses, plain_losses, rtol=2e-5)
    for ours, plain in zip(weights, plain_weights, strict=True):
        np.testing.assert_allclose(ours, plain, atol=2e-4)
    assert min(seconds[1:]) < seconds[0] / 5  # another length is not compiled anew


@pytest.mark.tensorflow
def test_a_program_that_xla_cannot_read_any_more_costs_a_compilation_and_no_more(tmp_path, monkeypatch):
    import tensorflow as tf

    from tuner.training.step import Step

    step, damaged = (
        Step(lambda values: (values + 1.0,), [tf.TensorSpec([None], tf.float32)], name="one more", compiled=True),
        tmp_path / "program.pb",
    )
    graph = step._traced()

    def read(*arguments):
        if damaged.exists():
            raise tf.errors.OutOfRangeError(None, None, "Read less bytes than requested")
        return graph(*arguments)

    monkeypatch.setattr(step, "_graph", read)
    monkeypatch.setattr("tuner.models.device.xla_folder", lambda: tmp_path)
    damaged.write_bytes(b"half of it")
    ones = np.ones(3, np.float32)
    assert step(ones)[0].tolist() == [2.0, 2.0, 2.0]
    assert not damaged.exists()
    damaged.write_bytes(b"another")
    with pytest.raises(tf.errors.OutOfRangeError):  # after the first call it is no program on disk
        step(ones)
