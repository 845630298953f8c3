"""Shows where a compiled training step spends its time: XLA's kernels by name, from TensorFlow's tracer.

    python tests/benchmarks/profile_step.py gru 32                    # one layer, 256 words, batch 64, embedding 128
    python tests/benchmarks/profile_step.py lstm 100 --layers 2 --length 64 --embedding 32 --vocabulary 5000

Kernels that run once a word are those of the loops over time: products (``MatMul``, ``matmul``) and what is between them. Those
that run once a step are around the loops: words looked up and turned, their gradients added up, the optimizer. The tracer makes
products slower, by the half and more, and nothing else; the step's own time is the line above the table.

To see what the system adds: ``perf record -g python tests/benchmarks/profile_step.py gru 32``.
"""

# ruff: noqa: E402  TensorFlow takes its settings before the first import of Keras

import argparse
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tuner.models.device import prepare_tensorflow

tf = prepare_tensorflow(1)

import numpy as np
from rich.console import Console
from rich.table import Table

from search_spaces.config import TrialConfig
from tuner.data.batches import Batch
from tuner.models.network_spec import network_of
from tuner.training.optimizers import OptimizerParams
from tuner.training.program import Program
from tuner.training.program_key import ProgramKey, StepInputs

BATCH, STEPS_TRACED = 64, 4


def training_step(options: argparse.Namespace) -> Callable[[], tuple[float, int]]:
    """One update on a batch of random words, compiled."""
    config = TrialConfig(
        cell=options.cell, units=options.units, layers=options.layers, bidirectional=False, pooling=options.pooling,
        embedding=options.embedding, vocabulary=options.vocabulary, dropout=0.0, batch_size=BATCH,
    )  # fmt: skip
    network = network_of(config, vocabulary_size=options.vocabulary, classes=2)
    program = Program(ProgramKey.of(config, network, compiled=True))
    program.start(seed=0, params=OptimizerParams.of(config))
    generator = np.random.default_rng(0)
    batch = Batch(
        generator.integers(2, options.vocabulary, (BATCH, options.length)).astype(np.int32),
        np.full(BATCH, options.length, np.int32),
        generator.integers(0, 2, BATCH).astype(np.int32),
        np.ones(BATCH, np.float32),
    )
    return lambda: program.train(batch, StepInputs.of(config, np.ones(2, np.int64)), (1, 2))


def traced(step: Callable[[], object]) -> tuple[Counter[str], Counter[str]]:
    """Milliseconds and runs of every traced event in one step."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(
            folder, tf.profiler.experimental.ProfilerOptions(host_tracer_level=3, python_tracer_level=0)
        ):
            for _ in range(STEPS_TRACED):
                step()
        space = xplane_pb2.XSpace()
        space.ParseFromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    milliseconds: Counter[str] = Counter()
    runs: Counter[str] = Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                name = plane.event_metadata[event.metadata_id].name
                milliseconds[name] += event.duration_ps / 1e9 / STEPS_TRACED
                runs[name] += 1
    return milliseconds, runs


def is_kernel(name: str) -> bool:
    """Whether an event is a kernel: XLA's names are lower case but for dots that TensorFlow named, and have no blanks."""
    return (
        (name[:1].islower() or name.startswith("MatMul"))
        and not any(mark in name for mark in " :")
        and "while" not in name
    )


def main() -> None:
    """Prints the step's time and the table."""
    parser = argparse.ArgumentParser(description="Where a compiled training step spends its time.")
    parser.add_argument("cell", choices=["simple_rnn", "lstm", "gru"])
    parser.add_argument("units", type=int)
    for name, default in (("layers", 1), ("length", 256), ("embedding", 128), ("vocabulary", 10_000), ("rows", 30)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--pooling", choices=["last", "mean", "max", "attention"], default="max")
    options = parser.parse_args()
    step = training_step(options)
    seconds = []
    for _ in range(15):
        started = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - started)
    console = Console()
    console.print(f"a step takes {statistics.median(seconds[3:]) * 1e3:.1f} ms")
    milliseconds, runs = traced(step)
    table = Table("kernel", "ms a step", "runs a step", "us a run")
    for name, took in milliseconds.most_common():
        if is_kernel(name) and table.row_count < options.rows:
            count = runs[name] / STEPS_TRACED
            table.add_row(name, f"{took:.2f}", f"{count:.0f}", f"{took / count * 1e3:.1f}")
    console.print(table)


if __name__ == "__main__":
    main()
