"""Times training on real reviews: this program's steps against plain Keras, Keras with length buckets, and PyTorch.

    python tests/benchmarks/bench_training.py --data imdb.parquet                   # six networks; some minutes
    python tests/benchmarks/bench_training.py --data imdb.parquet --full            # cells x units x layers x pooling; hours

One process, one thread of the CPU, the sides in turn; each trains on batches of 64 reviews of at most 400 tokens, vocabulary
10,000, embedding 128, Adam, and the table gives real tokens (no padding) a second, medians of the rounds.

    Keras           the layers as one writes them: a masked embedding, stacked recurrent layers; every batch padded to 400
    Keras buckets   the same model on our length buckets
    Keras XLA       the same, compiled (`jit_compile=True`); only where --xla is given: it compiles each length for long
    PyTorch         nn.LSTM and its kin over packed sequences; where torch is installed
    ours            `Program`, compiled or not as a search over all of the file would have it

Keras is given its batches by `train_on_batch`, which spares it what `model.fit` does around a step. The batches of the
bucketed sides are those at evenly spaced places of an epoch ordered by length; Keras' padded batches and PyTorch's are
random ones, as a shuffled epoch has them. Share of peak: floating-point operations of the recurrent layers for real tokens
(3 * 2 * gates * units * (inputs + units) a token and layer) by time, against a 1024 x 1024 product in the same process.
"""

# ruff: noqa: E402  TensorFlow takes its settings before the first import of Keras

import argparse
import importlib.util
import json
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import islice, product
from pathlib import Path
from typing import Any

from tuner.models.device import prepare_tensorflow

tf = prepare_tensorflow(1)

import keras
import numpy as np
from bench_recurrence import GATES, matmul_peak

from search_spaces.config import TrialConfig
from tuner.data.batches import Batch, Buckets, count_real_tokens, training_batches
from tuner.data.encoded import EncodedSplits
from tuner.data.pipeline import DataRequest, prepare_data
from tuner.training.optimizers import OptimizerParams
from tuner.training.program_key import StepInputs
from tuner.training.worker_context import WorkerContext

BATCH, VOCABULARY, EMBEDDING, LONGEST, RATE = 64, 10_000, 128, 400, 1e-3
HAS_TORCH = importlib.util.find_spec("torch") is not None
LAYERS = {"simple_rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
Side = tuple[Callable[[Batch], Any], list[Batch]]


def configurations(*, full: bool) -> Iterator[TrialConfig]:
    """What to train."""
    few = [("lstm", 100, 2, "last"), ("gru", 32, 1, "max"), ("simple_rnn", 100, 1, "last")]
    few += [("gru", 100, 1, "last"), ("lstm", 32, 2, "max"), ("lstm", 300, 1, "last")]
    every = [(cell, *rest) for cell in GATES for rest in product([32, 100, 300], [1, 2, 3], ["last", "max"])]
    for cell, units, layers, pooling in every if full else few:
        yield TrialConfig(
            cell=cell, units=units, layers=layers, bidirectional=False, pooling=pooling, embedding=EMBEDDING,
            vocabulary=VOCABULARY, dropout=0.0, optimizer="adam", learning_rate=RATE, gradient_clip_norm=0.0, batch_size=BATCH,
        )  # fmt: skip


def ours(config: TrialConfig, bench: WorkerContext) -> tuple[Callable[[Batch], Any], Buckets]:
    """A training step of a search, and the lengths of its batches."""
    program, buckets = bench.set_up(config)
    program.start(seed=0, params=OptimizerParams.of(config))
    inputs = StepInputs.of(config, np.ones(2, np.int64))
    return lambda batch: program.train(batch, inputs, (1, 2)), buckets


def keras_step(config: TrialConfig, *, jit: bool) -> Callable[[Batch], Any]:
    """The same network in plain Keras."""
    model = keras.Sequential([keras.layers.Embedding(VOCABULARY, EMBEDDING, mask_zero=True)])
    for layer in range(config.layers):
        sequences = layer < config.layers - 1 or config.pooling == "max"
        model.add(LAYERS[config.cell](config.units, return_sequences=sequences))
    if config.pooling == "max":
        model.add(keras.layers.GlobalMaxPooling1D())
    model.add(keras.layers.Dense(1))
    arguments = {"jit_compile": True} if jit else {}
    model.compile(keras.optimizers.Adam(RATE), keras.losses.BinaryCrossentropy(from_logits=True), **arguments)
    return lambda batch: model.train_on_batch(batch.tokens, batch.labels[:, None].astype(np.float32))


def torch_step(config: TrialConfig) -> Callable[[Batch], Any]:
    """The same network in PyTorch over packed sequences."""
    import torch
    from torch import nn
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    torch.set_num_threads(1)
    recurrent_layers = {"simple_rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
    embedding = nn.Embedding(VOCABULARY, EMBEDDING, padding_idx=0)
    layers = recurrent_layers[config.cell](EMBEDDING, config.units, config.layers, batch_first=True)
    head = nn.Linear(config.units, 1)
    weights = [*embedding.parameters(), *layers.parameters(), *head.parameters()]
    optimizer, loss_of = torch.optim.Adam(weights, RATE), nn.BCEWithLogitsLoss()

    def step(batch: Batch) -> None:
        tokens, lengths = torch.from_numpy(batch.tokens).long(), torch.from_numpy(batch.lengths).long()
        packed = pack_padded_sequence(embedding(tokens), lengths, batch_first=True, enforce_sorted=False)
        outputs, state = layers(packed)
        if config.pooling == "max":
            pooled = pad_packed_sequence(outputs, batch_first=True, padding_value=-1e9)[0].amax(1)
        else:
            pooled = (state[0] if isinstance(state, tuple) else state)[-1]
        loss = loss_of(head(pooled)[:, 0], torch.from_numpy(batch.labels).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def spread(batches: list[Batch], count: int) -> list[Batch]:
    """So many full batches, at evenly spaced places of their order by length."""
    full = sorted((batch for batch in batches if batch.weights.all()), key=lambda batch: batch.tokens.shape[1])
    return [full[int((place + 0.5) * len(full) / count)] for place in range(count)]


def measure(config: TrialConfig, bench: WorkerContext, *, rounds: int, count: int, xla: bool) -> dict[str, list[float]]:
    """Real tokens a second of every side and round."""
    step, buckets = ours(config, bench)
    bucketed = spread(list(training_batches(bench.data.train, buckets, BATCH, seed_sequence=[0])), count)
    one_bucket = Buckets.for_lengths((LONGEST,), bench.data.train.lengths)
    random = list(islice(training_batches(bench.data.train, one_bucket, BATCH, seed_sequence=[0]), count))
    sides: dict[str, Side] = {
        "Keras": (keras_step(config, jit=False), random),
        "Keras buckets": (keras_step(config, jit=False), bucketed),
        "ours": (step, bucketed),
    }
    if xla:
        sides["Keras XLA"] = (keras_step(config, jit=True), bucketed)
    if HAS_TORCH:
        sides["PyTorch"] = (torch_step(config), random)
    for call, batches in sides.values():  # what is traced and compiled at a first call is not timed
        for batch in {batch.tokens.shape: batch for batch in batches}.values():
            call(batch)
    speeds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, (call, batches) in sides.items():
            started = time.perf_counter()
            for batch in batches:
                call(batch)
            speeds[name].append(sum(map(count_real_tokens, batches)) / (time.perf_counter() - started))
    return speeds


def operations_a_token(config: TrialConfig) -> float:
    """Floating-point operations of the recurrent layers for one token of a training step."""
    inputs = [EMBEDDING] + [config.units] * (config.layers - 1)
    return 3 * 2 * sum(GATES[config.cell] * config.units * (width + config.units) for width in inputs)


def splits_of(data: Path) -> EncodedSplits:
    """The reviews, encoded."""
    request = DataRequest(
        str(data),
        data.parent,
        0,
        stop_words=False,
        min_freq=2,
        max_tokens=VOCABULARY,
        max_length=LONGEST,
    )
    return prepare_data(request).encoded


def main() -> None:
    """Prints the table, a line as soon as it is known."""
    parser = argparse.ArgumentParser(description="Real tokens a second in training: ours against Keras and PyTorch.")
    parser.add_argument("--data", type=Path, required=True, help="IMDB as Parquet")
    parser.add_argument("--full", action="store_true", help="every network instead of six")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", type=int, default=8, help="batches of a side and round")
    parser.add_argument("--xla", action="store_true", help="Keras compiled as well")
    parser.add_argument("--json", type=Path, help="also write the rows there: tokens a second of each side")
    options = parser.parse_args()
    bench = WorkerContext(splits_of(options.data), VOCABULARY, 2, epochs=10)
    peak = matmul_peak()
    print(f"one thread, matmul peak {peak / 1e9:.0f} GFLOP/s, real tokens a second; {len(bench.data.train):,} reviews")
    for buckets in (bench.buckets.few, bench.buckets.many):
        print(f"buckets {buckets.boundaries}, {buckets.padding_share:.1%} of the positions are padding")
    names = [
        "Keras",
        "Keras buckets",
        *(["Keras XLA"] if options.xla else []),
        *(["PyTorch"] if HAS_TORCH else []),
        "ours",
    ]
    print(
        f"{'cell':10} units layers pool | "
        + " | ".join(f"{name:>13}" for name in names)
        + " | of Keras | best rival | peak"
    )
    rows = []
    for config in configurations(full=options.full):
        speeds = measure(config, bench, rounds=options.rounds, count=options.batches, xla=options.xla)
        median = {name: statistics.median(values) for name, values in speeds.items()}
        rival = max(speed for name, speed in median.items() if name != "ours")
        cells = " | ".join(f"{median[name] / 1e3:12.1f}k" for name in names)
        share = operations_a_token(config) * median["ours"] / peak
        print(
            f"{config.cell:10} {config.units:5d} {config.layers:6d} {config.pooling:>4} | {cells} | "
            f"{median['ours'] / median['Keras']:7.1f}x | {median['ours'] / rival:9.1f}x | {share:4.0%}",
            flush=True,
        )
        rows.append({"cell": config.cell, "units": config.units, "layers": config.layers, **median})
        keras.utils.clear_session()
    if options.json is not None:
        options.json.write_text(json.dumps(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
