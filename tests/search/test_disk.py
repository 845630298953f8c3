import pytest

from search_spaces import TrialConfig
from support.fakes import asha, controller_of, drive, run_folder, run_settings
from tuner.models.memory import trial_files
from tuner.runs.pareto import pareto_front
from tuner.runs.retention import BEST_KEPT
from tuner.runs.store import RunStore
from tuner.search.launch import disk_bound
from tuner.search.plan import plan_of

SETTINGS = run_settings().model_copy(update={"trials": 1000, "epochs": 3})


class RealSizes(RunStore):
    """Makes files as large as those of real trials, and looks how much there is."""

    most = 0

    def save_weights(self, trial, *, last, best, predictions=None):
        record = self.search_state.trials[trial]
        config = TrialConfig(**record.config)
        sizes = trial_files(plan_of(SETTINGS).network(config), config)
        state = None if last is None else bytes(sizes.state - 20) + b" " + last
        super().save_weights(trial, last=state, best=bytes(sizes.weights))
        if record.index % 20 == 0:
            models = self.folder.path / "models"
            self.most = max(self.most, sum(file.stat().st_size for file in models.rglob("*.npz")))


@pytest.mark.slow
def test_a_thousand_trials_keep_what_the_frontier_needs_and_stay_below_the_bound(tmp_path):
    store, bound = RealSizes(run_folder(tmp_path / "run")), disk_bound(SETTINGS)
    assert drive(controller_of(store, plan_of(SETTINGS), clock=lambda: 0.0, scheduler=asha(3)), store)
    records = store.search_state.with_score()
    assert len(records) == 1000
    front = pareto_front([record.score for record in records], [record.parameters for record in records])
    assert len(list((store.folder.path / "models").iterdir())) <= BEST_KEPT + len(front)
    assert 0 < store.most < bound / 10


def test_a_scheduler_that_lets_trials_wait_keeps_their_states():
    stopping, promoting = (
        SETTINGS.scheduler.model_copy(update={"rungs": (1,), "promotion": promotion}) for promotion in (False, True)
    )
    bounds = [disk_bound(SETTINGS.model_copy(update={"scheduler": chosen})) for chosen in (stopping, promoting)]
    assert bounds[1] > 2 * bounds[0]
