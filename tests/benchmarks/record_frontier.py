"""Records learning curves of the space ``frontier`` on many data sets, every trial to its last epoch.

    python tests/benchmarks/record_frontier.py --data FILE [--data FILE ...] [--work DIR] [--part 0/2]

The same 78 configurations on each data set and on the generated corpus: 8 epochs, 3,000 texts to train on, 1,500 to validate
on. 64 are four of each of 16 sizes from 200 to 700,000 parameters: two of a size are drawn from the space, as a random search
draws them; two from the part of it that ``bench_networks.py`` found to be good. The other 14 grow one network in all directions
at once. One thread; an hour and a half of a processor.
Every trial is kept in the working folder when it ends, and one that is there is not trained again: so it can be interrupted
and go on, and with ``--part`` several processes share the work. At its end, what is there is written to
``recorded/frontier.parquet``.
"""

import sys
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from bench_networks import first_texts

from search_spaces.config import TrialConfig
from search_spaces.named import named_space
from tuner.data.encoded import EncodedSplits
from tuner.data.pipeline import BUILT_IN, DataRequest, prepare_data
from tuner.data.word_order import informative_order
from tuner.metrics import METRICS, Scorer
from tuner.models.counting import count_parameters
from tuner.models.device import quiet_tensorflow
from tuner.models.network_spec import network_of
from tuner.runs.atomic import write_atomically

TABLE = Path(__file__).parent / "recorded" / "frontier.parquet"
EPOCHS = 8
TRAINING_TEXTS, VALIDATION_TEXTS = 3_000, 1_500
SIZES = np.geomspace(200, 700_000, 17)
A_SIZE = 4
GOOD = {"cell": ["gru", "gru", "lstm"], "units": [4, 8, 16, 32, 48], "layers": [1], "pooling": ["max"]}
"""What the second half is drawn from; with fewer embedding numbers than units, a dropout that grows and a rate that falls."""

SCALED = {
    "units": (2, 4, 4, 8, 8, 8, 8, 16, 16, 16, 32, 32, 48, 48),
    "embedding": (1, 1, 2, 2, 2, 4, 4, 4, 8, 8, 8, 16, 16, 32),
    "vocabulary": (500, 500, 500, 500, 1_000, 1_000, 2_000, 2_000, 2_000, 5_000, 5_000, 5_000, 10_000, 10_000),
}
"""GRUs that grow in all directions at once: the numbers of each."""

VARIED = ("cell", "layers", "units", "embedding", "vocabulary", "pooling", "dropout", "learning_rate")


def drawn(generator: np.random.Generator) -> TrialConfig:
    """A configuration as a random search draws it."""
    config = named_space("frontier").sample(generator)
    assert isinstance(config, TrialConfig)
    return config


def good(generator: np.random.Generator) -> TrialConfig:
    """A configuration of the part of the space that is known to be good."""
    values = {name: generator.choice(values).item() for name, values in GOOD.items()}
    config = drawn(generator).model_copy(update=values)
    config = config.model_copy(update={"embedding": min(config.embedding, config.units)})
    large = _large(config)
    rate = 0.012 * 0.4**large * np.exp(generator.uniform(np.log(0.6), np.log(1.6)))
    dropout = generator.uniform(0.1, 0.3) * large
    return config.model_copy(update={"dropout": float(dropout), "learning_rate": float(np.clip(rate, 0.003, 0.02))})


def scaled() -> list[TrialConfig]:
    """The configurations of ``SCALED``, the dropout growing and the rate falling as of the good ones."""
    found = []
    for numbers in zip(*SCALED.values(), strict=True):
        values = dict(zip(SCALED, numbers, strict=True)) | {"cell": "gru", "layers": 1, "pooling": "max"}
        config = drawn(np.random.default_rng(0)).model_copy(update=values)
        large = _large(config)
        found.append(config.model_copy(update={"dropout": 0.2 * large, "learning_rate": 0.012 * 0.4**large}))
    return found


def _large(config: TrialConfig) -> float:
    """The place of a network between 1,000 parameters, 0, and 100,000, 1, by its logarithm."""
    size = count_parameters(network_of(config, vocabulary_size=50_000, classes=2)).total
    return float(np.clip(np.log(size / 1_000) / np.log(100), 0.0, 1.0))


def configurations() -> list[TrialConfig]:
    """The configurations: a first of each size, then a second, so that a part of them is spread as well; then the scaled ones.

    The first and the third of a size are drawn, the others are good ones.
    """
    generator = np.random.default_rng(0)
    found: list[list[TrialConfig]] = [[] for _ in SIZES[1:]]
    for turn in range(A_SIZE):
        while any(len(one) <= turn for one in found):
            config = (drawn, good)[turn % 2](generator)
            size = count_parameters(network_of(config, vocabulary_size=50_000, classes=2)).total
            place = int(np.searchsorted(SIZES, size)) - 1
            if 0 <= place < len(found) and len(found[place]) == turn:
                found[place].append(config)
    return [one[turn] for turn in range(A_SIZE) for one in found] + scaled()


def is_drawn(index: int) -> bool:
    """Whether a configuration is one of those that a random search would draw."""
    turn = index // (len(SIZES) - 1)
    return turn < A_SIZE and turn % 2 == 0


def prepared(source: str, texts: int = TRAINING_TEXTS) -> tuple[Any, Scorer]:
    """A worker's place for a data set with at most so many texts to train on, and what measures its trials."""
    from tuner.training.worker_context import WorkerContext

    data = prepare_data(DataRequest(source, Path(), 0, False, 2, 50_000, 400))
    size, labels = data.vocabulary.size, tuple(data.dataset.label_names)
    train = first_texts(data.encoded.train, texts)
    validation = first_texts(data.encoded.validation, VALIDATION_TEXTS)
    splits = EncodedSplits(train, validation, informative=informative_order(train, size, len(labels)))
    context = WorkerContext(splits, vocabulary_size=size, classes=len(labels), epochs=EPOCHS)
    return context, Scorer(label_names=labels)


def curve(context: Any, config: TrialConfig, index: int, scorer: Scorer) -> list[dict[str, Any]]:
    """A row per epoch; fewer where the trial diverged."""
    from tuner.training.trial_run import TrialRun

    run = TrialRun(context, config, seed=(0, index), state=None, scorer=scorer)
    shape = {"vocabulary_size": context.vocabulary_size, "classes": context.classes}
    known = {
        "index": index,
        "drawn": is_drawn(index),
        **{name: getattr(config, name) for name in VARIED},
        "parameters": count_parameters(network_of(config, **shape)).total,
    }
    rows = []
    for _ in range(EPOCHS):
        before = time.process_time()
        report = run.run_to_report().epoch
        rows.append(
            known
            | {"epoch": report.epoch, "train_loss": report.train_loss, "val_loss": report.val_loss}
            | {f"val_{name}": report.metrics.get(name) for name in METRICS}
            | {"processor_seconds": round(time.process_time() - before, 3)}
        )
        if report.diverged:
            break
    return rows


@click.command()
@click.option("--data", "sources", multiple=True, help="A data set, as search reads it.")
@click.option("--work", type=click.Path(path_type=Path), default=Path("runs/curves"), help="Where trials are kept.")
@click.option("--part", default="0/1", show_default=True, help="Which of how many processes this is.")
def main(sources: tuple[str, ...], work: Path, part: str) -> None:
    """Trains what is not there yet, all data sets by turns, and says what is done."""
    quiet_tensorflow(1)
    first, step = map(int, part.split("/"))
    places = {source: prepared(source) for source in (BUILT_IN, *sources)}
    found = configurations()
    indices = sorted(range(len(found)), key=lambda index: (is_drawn(index), index))
    trials = [(index, found[index], source) for index in indices for source in places]
    for index, config, source in trials[first::step]:
        name = "corpus" if source == BUILT_IN else Path(source).stem
        path = work / f"{name}-{index:02d}.parquet"
        if path.exists():
            continue
        rows = pd.DataFrame(curve(places[source][0], config, index, places[source][1]))
        rows.insert(0, "data", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda temporary, rows=rows: rows.to_parquet(temporary, index=False))
        print(
            f"{name} {index:02d}: {rows['val_accuracy'].max():.4f}, {rows['parameters'].iloc[0]:,} parameters",
            flush=True,
        )
    table = pd.concat([pd.read_parquet(path) for path in sorted(work.glob("*.parquet"))], ignore_index=True)
    table.to_parquet(TABLE, index=False, compression="zstd")


if __name__ == "__main__":
    sys.exit(main())
