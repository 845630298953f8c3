"""The screen before a search: what is going to happen."""

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.table import Table

from search_spaces.domains import Choice
from tuner.cli.plan_document import fold_classes
from tuner.cli.spelling import with_options
from tuner.data.batches import Buckets, buckets_of
from tuner.data.pipeline import BUILT_IN, PreparedData
from tuner.formatting import counted, duration_text, share_text, shown
from tuner.metrics import ACCURACY
from tuner.runs.settings import SearchSettings, VectorSettings
from tuner.search.forecast import Forecast
from tuner.search.launch import disk_bound
from tuner.search.plan import as_compared
from tuner.search.registry import scheduler_spec


def print_plan(
    console: Console, settings: SearchSettings, data: PreparedData, expected: Forecast | None, folder: str
) -> None:
    """Data, space, trials, resources and forecast, each on a line or two."""
    grid = Table(box=None, show_header=False, pad_edge=False)
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    rows: list[tuple[str, RenderableType]] = [
        ("data", _data(settings, data)),
        ("texts", _lengths(settings, data)),
        *([("vectors", _vectors(settings.vectors))] if settings.vectors else []),
        *(("note", with_options(note)) for note in data.notes),
        ("space" if settings.hypermodel is None else "hypermodel", _space(settings)),
        ("trials", _trials(settings)),
        ("workers", _workers(settings)),
        ("forecast", _forecast(expected)),
        ("disk", _disk(settings)),
        ("run", folder),
        *(("track", place) for place in settings.track),
    ]
    for row in rows:
        grid.add_row(*row)
    console.print(grid)
    console.print()


_CLASSES_SHOWN = 12
_FOLDS_SHOWN = 4
_UNEVEN = 3
"""Texts of the largest class for each of the smallest, beyond which accuracy is a poor guide."""


def _data(settings: SearchSettings, data: PreparedData) -> Group:
    """Where the texts come from, how many of each class there are in each part, and what answering blindly would reach."""
    names, labels, splits = data.dataset.label_names, data.dataset.labels, data.splits
    source = (
        "generated corpus (give your own with --data)" if settings.data.source == BUILT_IN else settings.data.source
    )
    parts = {"train": splits.train, "validation": splits.validation, "test, not touched": splits.test}
    parts = {"all": np.concatenate(list(parts.values())), **parts}
    counts = {part: np.bincount(labels[rows], minlength=len(names)) for part, rows in parts.items()}
    folds = fold_classes(data)
    if folds is not None:
        in_folds = {f"fold {number}": own for number, own in enumerate(folds, start=1)}
        if len(folds) > _FOLDS_SHOWN:
            by_texts = folds.sum(axis=1)
            in_folds = {"smallest fold": folds[by_texts.argmin()], "largest fold": folds[by_texts.argmax()]}
        counts = {"all": counts["all"], **in_folds, "test, not touched": counts["test, not touched"]}
    table = Table(box=None, pad_edge=False)
    table.add_column(counted(len(names), "class"), overflow="fold")
    for part in counts:
        table.add_column(part, justify="right", no_wrap=True)
    for number, name in enumerate(names[:_CLASSES_SHOWN]):
        cells = (f"{own[number]:,} ({share_text(own[number] / own.sum())})" for own in counts.values())
        table.add_row(name, *cells)
    if len(names) > _CLASSES_SHOWN:
        table.add_row(
            f"{len(names) - _CLASSES_SHOWN:,} more", *(f"{own[_CLASSES_SHOWN:].sum():,}" for own in counts.values())
        )
    table.add_row("texts", *(f"{own.sum():,}" for own in counts.values()))
    largest = int(counts["all"].argmax())
    share = share_text(counts["all"][largest] / counts["all"].sum())
    said = [f"always {shown(names[largest])} would be right in {share}"]
    if settings.pursued == ACCURACY and counts["all"].max() > _UNEVEN * counts["all"].min():
        said.append("classes are uneven: --metric macro_f1 counts each of them alike")
    return Group(source, table, *said)


def _lengths(settings: SearchSettings, data: PreparedData) -> str:
    counts = data.token_counts
    return (
        f"{np.median(counts):.0f} tokens in the median, longest {counts.max():,}, "
        f"vocabulary {settings.data.vocabulary_size:,}\n"
        f"batches of length {_buckets(buckets_of(data.encoded, compiled=False))}"
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
        count += f" ({settings.configurations} configurations, each from {settings.repeats} seeds)"
    if settings.folds is not None:
        count += (
            f" ({settings.configurations} configurations on {settings.fold_count} folds, fewer where they fall behind)"
        )
    reports = f" of {settings.reports_per_epoch} reports" if settings.reports_per_epoch > 1 else ""
    text = f"{count} of at most {settings.epochs} epochs{reports}, {searcher}, seed {settings.seed}"
    earlier = len(settings.points_to_evaluate) - settings.portfolio
    if earlier:
        text += f", the first {earlier} from an earlier run"
    left, in_a_row = settings.configurations - earlier, settings.portfolio - settings.by_turns
    if settings.portfolio and left > 0:
        text += f", {'then' if earlier else 'the first'} {min(in_a_row, left)} from the portfolio"
        text += ", every other one after them" if settings.by_turns and left > in_a_row else ""
    if settings.patience is not None:
        text += f", patience {counted(settings.patience, 'epoch')}"
    if settings.stop_when_stable:
        text += ", fewer once it is stable"
    described = scheduler_spec(settings.scheduler.name).describe(as_compared(settings))
    return f"{text}; {described}{', on fold 1' if settings.folds is not None else ''}"


def _workers(settings: SearchSettings) -> str:
    resources = settings.resources
    gpus = f" and {resources.gpus_per_trial:g} GPU" if resources.gpus_per_trial else ""
    text = f"{resources.concurrency} at once, each with {resources.cpus_per_trial:g} CPU{gpus}"
    sharing = resources.gpu_sharing
    if sharing is None:
        return text
    line = f"{counted(sharing.trials, 'trial')} per GPU of {sharing.memory / 2**30:.1f} GiB"
    return f"{text}\n{line}: the largest is given {sharing.needed / 2**30:.1f} GiB, its margins included"


def _disk(settings: SearchSettings) -> str:
    bound = disk_bound(settings)
    if bound is None:
        return "not predicted for a hypermodel"
    return f"at most {bound / 1e6:,.1f} MB of weights and states, were all trials on the frontier"


def _forecast(expected: Forecast | None) -> str:
    if expected is None:
        return "not predicted for a hypermodel"
    sizes = f"{expected.smallest:,} to {expected.largest:,} parameters (median {expected.median:,})"
    low, high = duration_text(expected.low), duration_text(expected.high)
    return f"{sizes}; roughly {duration_text(expected.seconds)} ({low} to {high})"
