"""What trials cost beside their parameters. Needs no TensorFlow.

Multiply-adds and bytes follow from configuration and vocabulary; exported bytes and latency are what was measured.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.columns import config_of, plain
from analysis.costs import COSTS
from analysis.loading import Results, Run
from analysis.report.costs import Costs
from search_spaces.config import TrialConfig
from tuner.data.encoder import Encoder
from tuner.data.vocabulary import FIRST_WORD_ID
from tuner.data.word_order import load_order
from tuner.errors import InputError
from tuner.models.counting import multiply_adds
from tuner.models.network_spec import Network
from tuner.runs.folder import RunFolder
from tuner.search.plan import plan_of

MEASURED = ("exported_bytes", "latency")
"""Those that ``tuner export --measure`` measures, and nothing else knows."""

FILE = "costs.json"
"""In the folder of a run: what was measured, by trial and exported model."""

_BYTES_A_NUMBER = _BYTES_AN_ID = 4
_SHOWN = ("model", "takes", "bytes", "p50_ms", "p95_ms", "texts_per_second", "spread", "processor")


def record_measured(folder: RunFolder, measured: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Keeps what was measured of some trials in the folder of their run; a later measurement takes the place of an earlier.

    Args:
        folder: of the run.
        measured: by trial what ``tuner.export.measuring`` reports.

    Raises:
        InputError: where the folder cannot be written.
    """
    known = _read_measured(folder)
    for trial, models in measured.items():
        known[trial] = {**known.get(trial, {}), **{str(one["model"]): dict(one) for one in models}}
    folder.keep(FILE, json.dumps(known, indent=1) + "\n")


def _read_measured(folder: RunFolder) -> dict[str, dict[str, dict[str, Any]]]:
    path = folder.path / FILE
    try:
        found: dict[str, dict[str, dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise InputError(f"{path}: is damaged; remove it, and export again with `measure`") from None
    return found


@dataclass(frozen=True)
class _Comparable:
    """What was measured alike of most trials: one kind of model on one processor.

    Attributes:
        model: its name in an export.
        processor: as the system names it.
        of_trials: by trial.
    """

    model: str
    processor: str
    of_trials: dict[str, dict[str, Any]]


def _comparable(run: Run) -> _Comparable | None:
    """What can be compared; of kinds that as many trials have, the SavedModel, else the first by name."""
    groups: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    trials = set(run.trials["trial_id"])
    for trial, models in _read_measured(run.folder).items():
        if trial not in trials:  # a rival, or a student, which costs what the trial with its configuration does
            continue
        for name, one in models.items():
            groups.setdefault((name, one["processor"]), {})[trial] = one
    if not groups:
        return None
    name, processor = min(groups, key=lambda group: (-len(groups[group]), group[0] != "SavedModel", group))
    return _Comparable(name, processor, groups[name, processor])


def _with_measured(run: Run) -> Run:
    """The run with the columns ``exported_bytes`` (Int64) and ``latency`` (float64, milliseconds for one text).

    Raises:
        InputError: where nothing was measured.
    """
    found = _comparable(run)
    if found is None:
        raise InputError(
            f"no trial of {run.name} was measured; export some with `measure`, for instance those of `trial='frontier'`",
            option="cost",
        )
    rows = [found.of_trials.get(str(trial)) for trial in run.trials["trial_id"]]
    trials = run.trials.assign(
        exported_bytes=pd.array([None if row is None else row["bytes"] for row in rows], dtype="Int64"),
        latency=pd.Series(
            [None if row is None else row["p50_ms"] for row in rows], index=run.trials.index, dtype="float64"
        ),
    )
    return replace(run, trials=trials)


def measured_costs(run: Run) -> pd.DataFrame | None:
    """One row per trial and exported model that was measured, as ``analysis.report.costs.Costs`` takes it; None without any."""
    rows = [
        {"trial": trial, **{name: one.get(name) for name in _SHOWN}}
        for trial, models in sorted(_read_measured(run.folder).items())
        for one in models.values()
    ]
    return pd.DataFrame(rows) if rows else None


def costs_for_report(run: Results, cost: str) -> tuple[Results, Costs | None]:
    """The run with all costs in its trials that are known, and what the report says of them; None of another tool's trials.

    Raises:
        InputError: as ``with_cost``; and where what was measured cannot be read.
    """
    run = with_cost(run, [cost])
    if not isinstance(run, Run):
        return run, None
    if "bytes" not in run.trials:
        with suppress(InputError):  # no vocabulary, without which the parameters are known all the same
            run = with_costs(run)
    return run, Costs(cost, cost_text(run, cost), "bytes" in run.trials, measured_costs(run))


def with_costs(run: Run) -> Run:
    """The run with the columns ``multiply_adds`` and ``bytes`` (both Int64) in its trials, and so in all that is made of them.

    ``multiply_adds`` are those of a text of as many tokens as the training texts have in the mean; of runs of before, which do
    not say how many that are, of a text of ``max_length`` tokens. Missing of custom models, whose layers are not known.

    ``bytes`` is an estimate: 4 for each parameter, and for each word that the model knows its UTF-8 bytes and 4 for its id. The
    graph of a SavedModel, which is much the same for every network, comes on top of it.

    Raises:
        InputError: where the vocabulary of the run is missing or damaged.
    """
    plan, data = plan_of(run.settings), run.settings.data
    length = data.mean_tokens or data.max_length
    words = Encoder.load(run.folder.encoder).vocabulary.words
    sizes = np.array([len(word.encode()) + _BYTES_AN_ID for word in words], np.int64)
    tables: dict[str, NDArray[np.int64]] = {"frequency": _running(sizes)}
    products: list[int | None] = []
    tables_of: list[int] = []
    for _, row in run.trials.iterrows():
        if run.settings.hypermodel is not None:
            products.append(None)
            tables_of.append(int(tables["frequency"][-1]))
            continue
        # A run of an older version knows fewer hyperparameters; those that came later are at their defaults there.
        values = {name: plain(value) for name, value in config_of(row).items() if name in TrialConfig.model_fields}
        ours = TrialConfig(**values)
        if ours.vocabulary_order not in tables:
            order = load_order(run.folder.encoder)[FIRST_WORD_ID:] - FIRST_WORD_ID
            tables[ours.vocabulary_order] = _running(sizes[order])
        network = plan.network(ours)
        products.append(round(multiply_adds(network, length)))
        tables_of.append(_table(tables[ours.vocabulary_order], network))
    numbers = run.trials["parameters"].astype("Int64") * _BYTES_A_NUMBER
    trials = run.trials.assign(
        multiply_adds=pd.array(products, dtype="Int64"),
        bytes=numbers.to_numpy() + pd.array(tables_of, dtype="Int64"),
    )
    return replace(run, trials=trials)


def cost_text(run: Results, cost: str) -> str:
    """What a cost is, for the line below a table; empty of parameters."""
    if cost == "bytes":
        return "bytes: an estimate, 4 a parameter and the words that it knows with their ids; a SavedModel's graph comes on top"
    if cost in MEASURED and isinstance(run, Run) and (found := _comparable(run)) is not None:
        count = int(run.candidates[cost].notna().sum())
        return (
            f"{COSTS[cost].title}: as measured of {found.model} on {found.processor}; {count} of {len(run.candidates)} trials "
            "are measured, the others are left out"
        )
    if cost != "multiply_adds" or not isinstance(run, Run):
        return ""
    data = run.settings.data
    if data.mean_tokens is None:
        return f"multiply-adds: of a text of {data.max_length} tokens, the most that are read (this run does not say the mean)"
    return f"multiply-adds: of a text of {data.mean_tokens:g} tokens, the mean of the training texts"


def _running(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bytes of the first words, none of them first."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])


def _table(running: NDArray[np.int64], network: Network) -> int:
    return int(running[min(network.vocabulary - FIRST_WORD_ID, len(running) - 1)])


def with_cost(run: Results, costs: Sequence[str]) -> Results:
    """The run with what these costs need.

    Raises:
        InputError: where a cost is not one, or nothing of the run is known to have it.
    """
    for cost in costs:
        if cost not in COSTS:
            raise InputError(f"is not known; give one of {', '.join(COSTS)}", option="cost", value=cost)
    if all(cost == "parameters" for cost in costs):
        return run
    asked = next(cost for cost in costs if cost != "parameters")
    if not isinstance(run, Run):
        raise InputError(f"{run.name} is of another tool, which says parameters at most", option="cost", value=asked)
    if set(costs) & set(MEASURED):
        run = _with_measured(run)
    if not set(costs) & {"multiply_adds", "bytes"}:
        return run
    found = with_costs(run)
    if "multiply_adds" in costs and len(found.trials) and found.trials["multiply_adds"].isna().all():
        raise InputError(
            f"is not known of custom models such as those of {run.name}; give bytes or parameters",
            option="cost",
            value="multiply_adds",
        )
    return found
