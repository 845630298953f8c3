import io

import pytest
from rich.console import Console

from support.fakes import controller_of, drive, run_folder
from tuner.cli.progress import MARK, EventLines, PlainLines, RemoteLog, without_events
from tuner.runs.search_state import SearchState
from tuner.runs.store import RunStore


def console(**options):
    return Console(file=io.StringIO(), width=200, **options)


def told(where):
    return where.file.getvalue()


@pytest.fixture
def search(tmp_path):
    """What a search printed for a reader elsewhere, and the search_state that it ended with."""
    store, out = RunStore(run_folder(tmp_path / "run")), console()
    out.print("data      mine")
    with EventLines(out, 2) as lines:
        lines.show(SearchState())
        controller = controller_of(store)
        drive(controller, store, reports=30)
        lines.show(store.search_state)
        lines.show(store.search_state)
    out.print("best: 1")
    return told(out), store.search_state


@pytest.mark.parametrize("size", [1, 7, 10**6])
def test_the_search_state_arrives_in_whatever_parts_it_is_sent(search, size):
    text, search_state = search
    log = RemoteLog(console())
    for start in range(0, len(text), size):
        log.write(text[start : start + size])
    there = {name: (record.status, record.score, record.last_epoch) for name, record in search_state.trials.items()}
    assert {
        name: (record.status, record.score, record.last_epoch) for name, record in log._search_state.trials.items()
    } == there
    assert log._search_state.planned == search_state.planned


def test_elsewhere_it_looks_as_it_does_here(search):
    text, search_state = search
    here, there = console(), console()
    with PlainLines(here, 2) as lines:
        lines.show(SearchState())
        lines.show(search_state)
    with RemoteLog(there) as log:
        log.write(text)
    lines = told(there).splitlines()
    assert (lines[0], lines[-1]) == ("data      mine", "best: 1")
    assert sorted(line.split("|")[0] for line in lines[1:-1]) == sorted(
        line.split("|")[0] for line in told(here).splitlines()
    )
    assert MARK not in told(there)


def test_a_terminal_has_the_live_table_until_the_trials_are_over(search):
    text, _ = search
    terminal = console(force_terminal=True)
    before, mark, after = text.rpartition(f"{MARK}null")
    with RemoteLog(terminal) as log:
        log.write(before)
        log._shown._drawn = 0.0  # drawn at most four times a second
        log._shown.show(log._search_state)
        assert "val acc" in told(terminal)
        log.write(mark + after)
        assert log._shown is None
    assert told(terminal).rstrip().endswith("best: 1")


def test_a_job_that_breaks_off_leaves_no_table(search):
    text, _ = search
    with RemoteLog(console(force_terminal=True)) as log:
        log.write(text.partition(f"{MARK}null")[0])
        log.write("Traceback")
    assert told(log._console).rstrip().endswith("Traceback")


def test_lines_for_people(search):
    assert without_events(search[0].rstrip()) == ["data      mine", "best: 1"]
