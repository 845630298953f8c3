import io

import pytest
from rich.console import Console

from support.fakes import controller_of, drive, run_folder
from tuner.cli.progress import LiveTable, PlainLines, Standing
from tuner.runs.search_state import SearchState
from tuner.runs.store import RunStore


@pytest.fixture
def halfway(tmp_path):
    store = RunStore(run_folder(tmp_path / "run"))
    drive(controller_of(store), store, reports=30)
    return store


def test_the_standing_counts_what_there_is(halfway):
    standing = Standing(halfway.search_state, concurrency=1)
    records = list(halfway.search_state.trials.values())
    assert standing.ended == sum(record.status in ("completed", "stopped") for record in records)
    assert standing.planned == 12
    assert standing.epochs == 30
    assert standing.best == max(record.score for record in records if record.epochs)
    assert standing.seconds_left > 0


def test_an_empty_search_has_a_standing():
    assert "no result yet" in Standing(SearchState(), concurrency=2).text()


def test_plain_lines_tell_each_end_once(halfway):
    output = io.StringIO()
    lines = PlainLines(Console(file=output, width=200), concurrency=1)
    lines.show(SearchState())
    lines.show(halfway.search_state)
    lines.show(halfway.search_state)
    told = [line for line in output.getvalue().splitlines() if "trial 0" in line]
    ended = [record.trial for record in halfway.search_state.trials.values() if record.ended]
    assert len(told) == len(ended)
    assert all(trial in line for trial, line in zip(ended, told, strict=True))


def test_the_live_table_shows_what_runs_and_its_last_line_stands_alone(halfway):
    output = io.StringIO()
    console = Console(file=output, width=120, height=40, force_terminal=True, color_system=None)
    with LiveTable(console, concurrency=1) as table:
        table.show(halfway.search_state)
    text = output.getvalue()
    running = next(record.trial for record in halfway.search_state.trials.values() if record.status == "running")
    assert running in text
    last = next(line for line in text.splitlines() if "/12 trials" in line)
    assert "━" not in last
