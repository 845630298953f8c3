import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuner.errors import InputError
from tuner.runs.events import SearchEnded, SearchStarted, TrialEnded
from tuner.runs.journal import Journal, read_journal

EVENTS = [
    SearchStarted(time=1.0, trials=2),
    TrialEnded(time=2.0, trial="00000", status="failed", error='a "quoted"\nline with ünïcode'),
    SearchEnded(time=3.0, reason="finished"),
]


def write(path, events=EVENTS):
    with Journal(path) as journal:
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


def test_a_second_writer_is_refused_until_the_first_is_gone(tmp_path):
    path = tmp_path / "journal.jsonl"
    with Journal(path), pytest.raises(InputError, match="another process runs this search"):
        Journal(path)
    Journal(path).close()


@pytest.mark.parametrize("cut", range(1, 40, 7))
def test_a_torn_last_line_is_left_out_and_cut_off_before_going_on(tmp_path, cut):
    path = write(tmp_path / "journal.jsonl")
    path.write_bytes(path.read_bytes()[:-cut])
    assert list(read_journal(path)) == EVENTS[:2]
    write(path, EVENTS[2:])
    assert list(read_journal(path)) == EVENTS


def test_another_format_is_refused_with_the_remedy(tmp_path):
    path = write(tmp_path / "journal.jsonl", [SearchStarted(time=1.0, trials=2, format=99)])
    with pytest.raises(InputError, match="format 99 was written by another version"):
        list(read_journal(path))


def test_a_damaged_line_is_named(tmp_path):
    path = write(tmp_path / "journal.jsonl")
    path.write_bytes(path.read_bytes().replace(b"failed", b"fainted"))
    with pytest.raises(InputError, match="line 2 is no event"):
        list(read_journal(path))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_give_events_or_one_line(tmp_path, content):
    path = tmp_path / "any.jsonl"
    path.write_bytes(content)
    try:
        list(read_journal(path))
    except InputError as error:
        assert "\n" not in str(error)
