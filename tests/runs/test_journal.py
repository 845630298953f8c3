import errno
import json
import os
import threading
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import analysis
from search_spaces.config import TrialConfig
from support.covering import examples
from tuner.errors import InputError
from tuner.runs.events import SearchEnded, SearchStarted, TrialEnded, TrialProposed, TrialStarted, parse_event
from tuner.runs.journal import Journal, read_journal
from tuner.runs.search_state import SearchState

SAMPLE = Path(analysis.__file__).parent / "sample_run"

CONFIG = TrialConfig().model_dump()
PROPOSED = TrialProposed(time=1.0, trial="00000", index=0, config=CONFIG, parameters=9, embedding_parameters=3)
EVENTS = [
    SearchStarted(time=1.0, trials=2),
    PROPOSED,
    TrialEnded(time=2.0, trial="00000", status="failed", error='a "quoted"\nline with ünïcode'),
    SearchEnded(time=3.0, reason="finished"),
]


def write(path, events=EVENTS):
    with closing(Journal(path)) as journal:
        for event in events:
            journal.append(event)
    return path


def test_what_was_written_is_read(tmp_path):
    assert list(read_journal(write(tmp_path / "journal.jsonl"))) == EVENTS


def test_an_event_can_be_read_before_the_journal_is_closed(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(EVENTS[0])
    assert list(read_journal(tmp_path / "journal.jsonl")) == EVENTS[:1]
    journal.close()


def test_a_second_writer_is_refused_by_name_until_the_first_is_gone(tmp_path):
    path = tmp_path / "journal.jsonl"
    with (
        closing(Journal(path)),
        pytest.raises(InputError, match=rf"process {os.getpid()} on \S+ runs this search; wait for its end"),
    ):
        Journal(path)
    Journal(path).close()
    assert [file.name for file in tmp_path.iterdir()] == ["journal.jsonl"]


def test_a_journal_that_another_thread_closes_is_free(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    closing_thread = threading.Thread(target=journal.close)
    closing_thread.start()
    closing_thread.join()
    Journal(tmp_path / "journal.jsonl").close()


def test_a_file_system_without_locks_is_refused(tmp_path, monkeypatch):
    def flock(_file, _operation):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(
        InputError, match=r"locked \(Function not implemented\); make the folder writable, or copy the run"
    ):
        Journal(tmp_path / "journal.jsonl")


def test_what_a_killed_owner_left_behind_is_taken_over(tmp_path):
    path = write(tmp_path / "journal.jsonl", EVENTS[:1])
    (tmp_path / ".owner").write_text("process 1 on another machine")
    write(path, EVENTS[1:])
    assert list(read_journal(path)) == EVENTS


def test_a_full_disk_leaves_no_part_of_an_event(tmp_path, monkeypatch):
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append(EVENTS[0])

    class FullDisk:
        """Takes ten bytes and then no more, as a disk does."""

        def __init__(self, file):
            self.file, self.room = file, 10

        def write(self, content):
            if not self.room:
                raise OSError(errno.ENOSPC, "No space left on device")
            taken, self.room = self.room, 0
            return self.file.write(content[:taken])

        def __getattr__(self, name):
            return getattr(self.file, name)

    monkeypatch.setattr(journal, "_file", FullDisk(journal._file))
    with pytest.raises(OSError, match="No space left"):
        journal.append(PROPOSED)
    assert list(read_journal(path)) == EVENTS[:1]
    assert path.read_bytes().endswith(b"\n")
    assert journal.size() == path.stat().st_size


@pytest.mark.parametrize("cut", range(1, 40, 7))
def test_a_torn_last_line_is_left_out_and_cut_off_before_going_on(tmp_path, cut):
    path = write(tmp_path / "journal.jsonl")
    path.write_bytes(path.read_bytes()[:-cut])
    assert list(read_journal(path)) == EVENTS[:3]
    write(path, EVENTS[3:])
    assert list(read_journal(path)) == EVENTS


def test_format_1_is_read_with_its_accuracies_as_metrics():
    """The sample run was written in it: its only metric is accuracy, and a population's sources are called donors."""
    events = list(read_journal(SAMPLE / "journal.jsonl"))
    assert events[0].format == 1
    first = next(event for event in events if event.event == "epoch")
    assert (first.metrics, first.val_loss) == ({"accuracy": 0.65}, 0.632557156085968)
    assert SearchState(events).trials["00000"].value == 0.90875


def format_1(event, **fields):
    return parse_event(json.dumps({"time": 1.0, "event": event, **fields}).encode())


def test_repeats_and_exchanges_of_format_1_too():
    repeat = partial(format_1, "repeat_ended", model="a", repeat=1, parameters=9, epochs=2, seconds=1.0)
    done = repeat(status="completed", best_epoch=2, val_loss=0.5, val_accuracy=0.8, test_loss=0.6, test_accuracy=0.7)
    assert (done.val_metrics, done.test_metrics) == ({"accuracy": 0.8}, {"accuracy": 0.7})
    failed = repeat(status="failed", best_epoch=None, val_accuracy=None, test_accuracy=None, error="a")
    assert (failed.val_metrics, failed.test_metrics) == ({}, {})
    assert format_1("trial_continued", trial="00001", donor="00000", config={}).source == "00000"
    numbers = {"train_loss": None, "train_accuracy": None, "val_loss": None, "val_accuracy": None, "seconds": 1.0}
    rest = {"compile_seconds": 0.0, "tokens_per_second": 1.0, "decision": "stop"}
    assert format_1("epoch", trial="00001", epoch=1, **numbers, **rest).metrics == {}


def test_another_format_is_refused_with_the_remedy(tmp_path):
    path = write(tmp_path / "journal.jsonl", [SearchStarted(time=1.0, trials=2, format=99)])
    with pytest.raises(InputError, match="format 99 was written by another version"):
        list(read_journal(path))


def test_a_newer_format_whose_events_are_unknown_says_so_too(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text('{"event":"search_started","time":1.0,"format":3,"plan":[]}\n')
    with pytest.raises(InputError, match="format 3 was written by another version"):
        list(read_journal(path))


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([EVENTS[0], TrialStarted(time=2.0, trial="00007")], "line 2 tells of a trial that was never proposed"),
        ([EVENTS[0], PROPOSED, PROPOSED], "line 3 proposes a trial again"),
    ],
)
def test_events_that_cannot_follow_each_other_are_named(tmp_path, events, message):
    with pytest.raises(InputError, match=message):
        list(read_journal(write(tmp_path / "journal.jsonl", events)))


def test_a_configuration_out_of_bounds_is_no_event(tmp_path):
    path = write(tmp_path / "journal.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"units":32', b'"units":-3'))
    with pytest.raises(InputError, match="line 2 is no event"):
        list(read_journal(path))


def test_a_damaged_line_is_named(tmp_path):
    path = write(tmp_path / "journal.jsonl")
    path.write_bytes(path.read_bytes().replace(b"failed", b"fainted"))
    with pytest.raises(InputError, match="line 3 is no event"):
        list(read_journal(path))


@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_give_events_or_one_line(tmp_path, content):
    path = tmp_path / "any.jsonl"
    path.write_bytes(content)
    try:
        list(read_journal(path))
    except InputError as error:
        assert "\n" not in str(error)
