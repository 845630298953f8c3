"""Resident memory of one process over 200 trials of mixed shapes, as a warm worker trains them.

    python tests/benchmarks/bench_memory.py [--trials 200]

Random trials of the ``frontier`` space, one epoch each on 600 texts of the generated corpus. Prints a row every 20 trials:
resident memory, networks met so far, seconds. The first rows grow: eight programs are kept. After that it grows by what XLA
keeps of a compiled network until the process ends; a search replaces the worker then (``tuner.search.ray_tune.workers``).
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil

from search_spaces import named_space
from tuner.models.device import give_back_freed_memory, prepare_tensorflow


def main() -> None:
    """Prints the rows."""
    parser = argparse.ArgumentParser(description="Resident memory over many trials.")
    parser.add_argument("--trials", type=int, default=200)
    options = parser.parse_args()
    prepare_tensorflow(1)
    from tuner.data.encoded import EncodedDataset
    from tuner.data.pipeline import BUILT_IN, DataRequest, prepare_data
    from tuner.data.word_order import informative_order
    from tuner.training.trial_run import TrialRun
    from tuner.training.worker_context import WorkerContext

    def first(data: EncodedDataset, texts: int) -> EncodedDataset:
        end = int(data.offsets[texts])
        return EncodedDataset(data.tokens[:end], data.offsets[: texts + 1], data.labels[:texts])

    request = DataRequest(BUILT_IN, Path(), 0, stop_words=False, min_freq=2, max_tokens=5_000, max_length=42)
    prepared = prepare_data(request)
    encoded, words = prepared.encoded, prepared.vocabulary.size
    encoded = replace(encoded, informative=informative_order(encoded.train, words, 2))
    # Epochs enough that XLA pays, so that both kinds of programs are there.
    bench = WorkerContext(
        replace(encoded, train=first(encoded.train, 600), validation=first(encoded.validation, 300)),
        5_000,
        2,
        epochs=300,
    )
    generator, space = np.random.default_rng(0), named_space("frontier")
    process, started, networks = psutil.Process(), time.perf_counter(), set()
    print("trials  networks met  resident MB  seconds")
    for trial in range(1, options.trials + 1):
        config = space.sample(generator)
        run = TrialRun(bench, config, seed=(0, trial), state=None)
        run.run_to_report()
        del run
        give_back_freed_memory()
        networks.add((config.cell, config.layers, config.units, config.embedding, config.vocabulary, config.pooling))
        if trial % 20 == 0:
            memory = process.memory_info().rss / 1e6
            print(f"{trial:6} {len(networks):13} {memory:12.0f} {time.perf_counter() - started:8.0f}", flush=True)


if __name__ == "__main__":
    main()
