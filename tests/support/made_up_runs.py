"""Made-up run folders of any size: learning curves that rise with the size of the network, then overfit."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from search_spaces import named_space
from support.fakes import PLAN, run_settings
from tuner.metrics import ACCURACY, Objective
from tuner.runs.events import EpochEnded, Event, SearchEnded, SearchStarted, TrialEnded, TrialProposed, TrialStarted
from tuner.runs.folder import RunFolder
from tuner.runs.search_state import SearchState
from tuner.runs.settings import write_settings
from tuner.runs.tables import write_tables
from tuner.search.searchers.random_search import RandomSearcher


def made_up_run(
    path: Path, *, trials: int, epochs: int, failing: int = 0, tables: bool = True, objective: Objective = ACCURACY
) -> RunFolder:
    """Writes a whole run folder: the first ``failing`` trials fail, every third of the others is stopped half way.

    Another objective than accuracy is an error rate: what accuracy leaves of 1.
    """
    path.mkdir(parents=True)
    folder = RunFolder(path)
    settings = run_settings()
    if objective.baseline is not None:
        settings.data.baseline[objective.name] = objective.baseline
    settings = settings.model_copy(
        update={"name": path.name, "trials": trials, "epochs": epochs, "metric": objective.name}
    )
    write_settings(folder.settings, settings)
    events = list(_events(trials, epochs, failing, objective))
    folder.journal.write_text("".join(event.model_dump_json() + "\n" for event in events))
    if tables:
        write_tables(path, SearchState(events), journal_bytes=folder.journal.stat().st_size)
    return folder


def _events(trials: int, epochs: int, failing: int, objective: Objective) -> Iterator[Event]:
    searcher = RandomSearcher(named_space("frontier"), seed=0, fits=PLAN.fits)
    noise = np.random.default_rng(0)
    now = 0.0
    yield SearchStarted(time=now, trials=trials, objective=objective)
    for index in range(trials):
        trial = f"{index:05d}"
        config = searcher.propose(index)
        count = PLAN.count(config)
        yield TrialProposed(
            time=now, trial=trial, index=index, config=config.model_dump(), parameters=count.total,
            embedding_parameters=count.embedding,
        )  # fmt: skip
        yield TrialStarted(time=now, trial=trial)
        if index < failing:
            yield TrialEnded(time=now, trial=trial, status="failed", error="MemoryError: 3 GB needed\nand so on")
            continue
        reachable = 0.95 - 2.0 * count.total**-0.3 + 0.02 * noise.standard_normal()
        last = epochs // 2 if index % 3 == 0 and epochs > 1 else epochs
        for epoch in range(1, last + 1):
            now += 1.0
            accuracy = float(np.clip(reachable - 0.25 * np.exp(-epoch / 2), 0.01, 0.99))
            error = {} if objective == ACCURACY else {objective.name: 1 - accuracy}
            val_loss = 0.7 - 0.5 * accuracy + 0.004 * max(0, epoch - 5) ** 2
            yield EpochEnded(
                time=now, trial=trial, epoch=epoch, train_loss=0.6 * float(np.exp(-epoch / 4)),
                train_accuracy=min(0.999, accuracy + 0.01 * epoch), val_loss=val_loss,
                metrics={"accuracy": accuracy, **error}, seconds=1.0, compile_seconds=0.5 if epoch == 1 else 0.0,
                trace_seconds=0.1 if epoch == 1 else 0.0,
                tokens_per_second=50_000.0, decision="continue" if epoch < last else "stop",
            )  # fmt: skip
        yield TrialEnded(time=now, trial=trial, status="completed" if last == epochs else "stopped")
    yield SearchEnded(time=now, reason="finished")
