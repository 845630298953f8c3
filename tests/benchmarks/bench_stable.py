"""What ``--stop-when-stable`` loses and saves, over recorded curves of nine data sets, always without the one that is judged.

    python tests/benchmarks/bench_stable.py [--seeds 2] [--trials 60] [--searcher frontier|random] [--scheduler asha]

Searches as in ``bench_portfolio.py``, each with all its trials and told what its searcher expects to gain; where it
would have ended is read off that, for several bounds. Hypervolume is above the worst recorded trial, as a share of that
after all trials; seconds are those of the recorded trials.
"""

import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[1]))

import click
import numpy as np
from bench_portfolio import SCHEDULERS, SPACE, Elsewhere, recorded_everywhere, surrogate, trace
from replay import simulate
from rich.console import Console
from rich.table import Table

from tuner.search.searchers.frontier_search import FrontierSearcher
from tuner.search.searchers.random_search import RandomSearcher
from tuner.search.stability import TIMES

BOUNDS = (0.005, 0.01, 0.02, 0.04)


def stop(gains: list[float | None], bound: float) -> int:
    """Trials of a search with these expectations, one a trial."""
    low = 0
    for trial, gain in enumerate(gains):
        if gain is not None:
            low = low + 1 if gain < bound else 0
        if low == TIMES:
            return trial
    return len(gains)


@click.command()
@click.option("--seeds", default=2, show_default=True)
@click.option("--trials", default=60, show_default=True)
@click.option("--searcher", "chosen", type=click.Choice(["frontier", "random"]), default="frontier", show_default=True)
@click.option("--scheduler", "stopping", type=click.Choice(list(SCHEDULERS)), default="forecast", show_default=True)
def main(seeds: int, trials: int, chosen: str, stopping: str) -> None:
    """Prints a row per data set: trials, hypervolume kept and time saved for each bound."""
    table = recorded_everywhere()
    shown = Table("data", *(f"{bound:.2%}: trials, kept, saved" for bound in BOUNDS), box=None)
    every = []
    for name in sorted(table["data"].unique()):
        answers, elsewhere = surrogate(table, name), Elsewhere.than(name, table)
        answers = replace(answers, plan=replace(answers.plan, stop_when_stable=True))
        rows = []
        for seed in range(seeds):
            known = {"seed": seed, "fits": answers.plan.fits}
            inner = (
                RandomSearcher(SPACE, **known)
                if chosen == "random"
                else FrontierSearcher(SPACE, **known, plan=answers.plan, recorded=elsewhere.recorded)
            )
            with patch("tuner.search.controller.is_stable", return_value=False):  # it is to run through
                searcher, scheduler = elsewhere.before(inner), SCHEDULERS[stopping](answers.constant)
                state = simulate(answers, searcher, scheduler, trials=trials, workers=2)
            gains = [event.gain for event in state.history if event.event == "trial_proposed"]
            ends = [stop(gains, bound) for bound in BOUNDS]
            found = trace(state, answers.floor, (*ends, trials))
            rows.append(
                [
                    (end, area / found[-1][0], 1 - spent / found[-1][1])
                    for end, (area, spent) in zip(ends, found, strict=False)
                ]
            )
        every.append(np.mean(rows, axis=0))
        shown.add_row(name, *(f"{end:.0f}  {kept:.1%}  {saved:.0%}" for end, kept, saved in every[-1]))
        print(name, flush=True)
    shown.add_row("mean", *(f"{end:.0f}  {kept:.1%}  {saved:.0%}" for end, kept, saved in np.mean(every, axis=0)))
    Console(width=160).print(shown)


if __name__ == "__main__":
    main()
