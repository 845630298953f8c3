"""Networks of a few thousand parameters with and without a change of their training, at equal numbers of parameters.

    python tests/benchmarks/bench_networks.py --data FILE [--data FILE ...] [--budget 3000 ...] [--configs 8] [--seeds 3]

Of each budget, so many configurations of the space with a third of it to all of it are drawn, and each is trained twice from
the same seed: as drawn, and with the other values of ``--other``. Per side, the one with the best validation accuracy is judged
on the texts to test on; beside it stands the mean difference of the pairs, in which no luck of choosing is. One thread, one
process; ``--texts`` takes so many texts to train on.
"""

import sys
from pathlib import Path
from typing import Any

import click
import numpy as np

from search_spaces.config import Config, TrialConfig
from search_spaces.documents import parse_setting
from search_spaces.named import named_space
from search_spaces.space import Space
from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.data.pipeline import DataRequest, prepare_data
from tuner.data.word_order import informative_order
from tuner.models.counting import count_parameters
from tuner.models.device import quiet_tensorflow
from tuner.models.network_spec import network_of

OTHER = ("vocabulary_order=frequency", "weight_average=0")


def first_texts(data: EncodedDataset, count: int) -> EncodedDataset:
    """So many texts, evenly spread."""
    if count >= len(data):
        return data
    rows = np.linspace(0, len(data) - 1, count).astype(np.int64)
    lengths = data.lengths[rows]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    places = np.repeat(data.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
    return EncodedDataset(data.tokens[places], offsets, data.labels[rows])


def drawn(space: Space, budget: int, count: int, seed: int, shape: dict[str, int]) -> list[TrialConfig]:
    """Configurations with a third of the budget to all of it."""
    generator, found = np.random.default_rng([seed, budget]), []
    while len(found) < count:
        config: Config = space.sample(generator)
        assert isinstance(config, TrialConfig)
        if budget / 3 < count_parameters(network_of(config, **shape)).total <= budget:
            found.append(config)
    return found


def trained(context: Any, config: TrialConfig, test: EncodedDataset, seed: int) -> tuple[float, float]:
    """Validation and test accuracy of the best epoch."""
    from tuner.metrics import BY_ACCURACY
    from tuner.training.repeat_run import RepeatRun
    from tuner.training.trial_run import TrialRun

    run = RepeatRun(TrialRun(context, config, seed=(seed, 1), state=None), context, test, BY_ACCURACY)
    report = run.run_to_report()
    while not report.over:
        report = run.run_to_report()
    result = report.test_result
    if result is None:
        return 0.0, 0.0
    return result.validation.metrics["accuracy"], result.test.metrics["accuracy"]


@click.command()
@click.option("--data", "sources", multiple=True, required=True, help="A data set, as search reads it.")
@click.option("--budget", "budgets", multiple=True, type=int, default=(1_500, 3_000, 10_000, 50_000))
@click.option("--configs", default=8, show_default=True)
@click.option("--seeds", default=3, show_default=True)
@click.option("--epochs", default=8, show_default=True)
@click.option("--texts", default=6_000, show_default=True, help="Most texts to train on.")
@click.option("--other", multiple=True, default=OTHER, show_default=True, help="What the other side has instead.")
def main(
    sources: tuple[str, ...],
    budgets: tuple[int, ...],
    configs: int,
    seeds: int,
    epochs: int,
    texts: int,
    other: tuple[str, ...],
) -> None:
    """Prints a row for each data set and budget: mean test accuracy of the best on either side, in percent."""
    quiet_tensorflow(1)
    from tuner.training.worker_context import WorkerContext

    changes = (parse_setting(setting, variables={}) for setting in other)
    instead = {name: domain.sample(np.random.default_rng(0)) for name, domain in changes}
    print("| data | budget | as drawn | with " + ", ".join(other) + " | difference | mean of the pairs |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for source in sources:
        prepared = prepare_data(DataRequest(source, Path(), 0, False, 2, 50_000, 400))
        size, classes = prepared.vocabulary.size, len(prepared.dataset.label_names)
        train = first_texts(prepared.encoded.train, texts)
        splits = EncodedSplits(train, prepared.encoded.validation, informative=informative_order(train, size, classes))
        context = WorkerContext(splits, vocabulary_size=size, classes=classes, epochs=epochs)
        for budget in budgets:
            values, pairs = [], []
            for seed in range(seeds):
                drawn_here = drawn(
                    named_space("frontier"), budget, configs, seed, {"vocabulary_size": size, "classes": classes}
                )
                sides = [drawn_here, [config.model_copy(update=instead) for config in drawn_here]]
                found = [[trained(context, config, prepared.held_out, seed) for config in side] for side in sides]
                values.append([max(side)[1] for side in found])
                pairs += [one[1] - two[1] for one, two in zip(*found, strict=True)]
            new, old = 100 * np.mean(values, axis=0)
            difference = f"{new - old:+.1f} | {100 * np.mean(pairs):+.1f}"
            print(f"| {Path(source).stem} | {budget:,} | {new:.1f} | {old:.1f} | {difference} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
