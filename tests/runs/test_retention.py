from hypothesis import given
from hypothesis import strategies as st

from tuner.runs.events import EpochEnded
from tuner.runs.retention import BEST_KEPT, trials_to_keep
from tuner.runs.search_state import TrialRecord

FEW_VALUES = st.tuples(st.integers(0, 6), st.integers(1, 6))  # ties in both are what may go wrong


def ended(index: int, tenths: int, parameters: int) -> TrialRecord:
    record = TrialRecord(f"{index:05d}", index, {}, parameters, 0, status="completed")
    record.best = EpochEnded(
        time=0.0, trial=record.trial, epoch=1, train_loss=0.0, train_accuracy=0.0, val_loss=0.0,
        metrics={"accuracy": tenths / 10}, seconds=0.0, compile_seconds=0.0, tokens_per_second=0.0, decision="stop",
    )  # fmt: skip
    return record


@given(st.lists(FEW_VALUES, max_size=40))
def test_what_was_dropped_before_need_not_be_looked_at_again(values):
    kept, everybody = [], []
    for index, (tenths, parameters) in enumerate(values):
        record = ended(index, tenths, parameters)
        everybody.append(record)
        kept.append(record)
        keep = trials_to_keep(kept)
        assert keep == trials_to_keep(everybody)
        kept = [record for record in kept if record.trial in keep]


def test_the_most_accurate_stay_and_a_trial_that_runs_too():
    records = [ended(index, index, 1 + index) for index in range(10)] + [ended(10, 1, 50), ended(11, 0, 99)]
    dominated_but_running = TrialRecord("00012", 12, {}, 1000, 0, status="running")
    kept = trials_to_keep([*records, dominated_but_running])
    assert kept == {record.trial for record in records[:10]} | {"00012"}
    assert len(trials_to_keep(ended(index, 5, 5 + index) for index in range(20))) == BEST_KEPT
