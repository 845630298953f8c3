"""The screen before a search: what is going to happen."""

from collections import Counter

import numpy as np
from rich.console import Console
from rich.table import Table

from search_spaces.domains import Choice
from tuner.data.batches import Buckets, buckets_of
from tuner.data.pipeline import BUILT_IN, PreparedData
from tuner.formatting import counted, duration_text
from tuner.runs.settings import SearchSettings, VectorSettings
from tuner.search.forecast import Forecast
from tuner.search.launch import disk_bound
from tuner.search.registry import scheduler_spec


def print_plan(
    console: Console, settings: SearchSettings, data: PreparedData, expected: Forecast | None, folder: str
) -> None:
    """Data, space, trials, resources and forecast, each on a line or two."""
    grid = Table(box=None, show_header=False, pad_edge=False)
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in (
        ("data", _data(settings, data)),
        ("texts", _lengths(settings, data)),
        *([("vectors", _vectors(settings.vectors))] if settings.vectors else []),
        *(("note", note) for note in data.notes),
        ("space" if settings.hypermodel is None else "hypermodel", _space(settings)),
        ("trials", _trials(settings)),
        ("workers", _workers(settings)),
        ("forecast", _forecast(expected)),
        ("disk", _disk(settings)),
        ("run", folder),
    ):
        grid.add_row(name, text)
    console.print(grid)
    console.print()


def _data(settings: SearchSettings, data: PreparedData) -> str:
    counts = Counter(data.dataset.labels.tolist())
    total = len(data.dataset)
    named = [f"{name} {counts[number] / total:.0%}" for number, name in enumerate(data.dataset.label_names)]
    shown = ", ".join(named[:8]) + (f" and {len(named) - 8} more" if len(named) > 8 else "")
    source = (
        "generated corpus (give your own with --data)" if settings.data.source == BUILT_IN else settings.data.source
    )
    return (
        f"{source}\n{total:,} texts, {len(named)} classes: {shown}\n"
        f"train {settings.data.train:,}, validation {settings.data.validation:,}, test {settings.data.test:,} (not touched)"
    )


def _lengths(settings: SearchSettings, data: PreparedData) -> str:
    lengths = data.encoded.train.lengths
    many, few = (buckets_of(data.encoded, compiled=compiled) for compiled in (False, True))
    return (
        f"{np.median(lengths):.0f} tokens in the median, longest {lengths.max()}, "
        f"vocabulary {settings.data.vocabulary_size:,}\n"
        f"batches of length {_buckets(many)}; where XLA compiles, {_buckets(few)}"
    )


def _vectors(vectors: VectorSettings) -> str:
    return (
        f"{vectors.source}\n{vectors.width} numbers a word, for {vectors.type_coverage:.1%} of the words known "
        f"({vectors.found:,}) and {vectors.token_coverage:.1%} of the running words"
    )


def _buckets(buckets: Buckets) -> str:
    return f"{', '.join(map(str, buckets.boundaries))} ({buckets.padding_share:.0%} padding)"


def _space(settings: SearchSettings) -> str:
    space = settings.resolved_space()
    varying = [f"{name} {space.described(name)}" for name in (*space.varying(), *space.formulas)]
    fixed = [
        f"{name}={domain.values[0]}"
        for name, domain in space.parameters.items()
        if name not in space.varying() and isinstance(domain, Choice)
    ]
    if not space.parameters:
        return f"{space.name}\ndeclares no hyperparameters: one model, one trial"
    lines = [space.name, *varying]
    if fixed:
        lines.append("fixed: " + ", ".join(fixed))
    return "\n".join(lines)


def _trials(settings: SearchSettings) -> str:
    searcher = f"{settings.searcher} for the frontier" if settings.objective == "frontier" else settings.searcher
    count = f"{settings.trials}"
    if settings.repeats > 1:
        count += f" ({settings.trials // settings.repeats} configurations, each from {settings.repeats} seeds)"
    text = f"{count} of at most {settings.epochs} epochs, {searcher}, seed {settings.seed}"
    if settings.guesses:
        text += f", the first {len(settings.guesses)} from an earlier run"
    if settings.patience is not None:
        text += f", patience {counted(settings.patience, 'epoch')}"
    return f"{text}; {scheduler_spec(settings.scheduler.name).describe(settings)}"


def _workers(settings: SearchSettings) -> str:
    resources = settings.resources
    gpus = f" and {resources.gpus_per_trial:g} GPU" if resources.gpus_per_trial else ""
    text = f"{resources.concurrency} at once, each with {resources.cpus_per_trial:g} CPU{gpus}"
    card = resources.card
    if card is None:
        return text
    sharing = f"{counted(card.trials, 'trial')} a card of {card.memory / 2**30:.1f} GiB"
    return f"{text}\n{sharing}: the largest is given room for {card.needed / 2**30:.1f} GiB, its margins included"


def _disk(settings: SearchSettings) -> str:
    bound = disk_bound(settings)
    if bound is None:
        return "not predicted for a hypermodel"
    return f"at most {bound / 1e6:,.1f} MB of weights and states, were all trials on the frontier"


def _forecast(expected: Forecast | None) -> str:
    if expected is None:
        return "not predicted for a hypermodel"
    sizes = f"{expected.smallest:,} to {expected.largest:,} parameters (median {expected.median:,})"
    return f"{sizes}; roughly {duration_text(expected.seconds)}"
