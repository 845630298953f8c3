import pytest

from tuner.runs.settings import ResourceSettings
from tuner.search.ray_tune import cluster as module
from tuner.search.ray_tune.capacity import Capacity
from tuner.search.ray_tune.cluster import AutoscalerRequest, autoscaler_request

GPU_TRIAL = ResourceSettings(cpus_per_trial=2, gpus_per_trial=0.5, concurrency=3, address=None)
CLUSTER = Capacity(cpus=2, gpus=0)


@pytest.fixture
def asked(monkeypatch):
    """What the autoscaler was asked for, call by call."""
    calls = []
    monkeypatch.setattr(module, "_ask_autoscaler", calls.append)
    return calls


def test_it_asks_for_the_trials_that_run_at_once_and_for_fewer_towards_the_end():
    calls = []
    needed = AutoscalerRequest(GPU_TRIAL, calls.append)
    for left in (10, 10, 9, 4, 3, 2, 2, 1, 0):
        needed.want(left)
    assert [len(bundles) for bundles in calls] == [3, 2, 1, 0]
    assert calls[0][0] == {"CPU": 2, "GPU": 0.5}


def test_a_trial_without_a_gpu_asks_for_none():
    calls = []
    AutoscalerRequest(GPU_TRIAL.model_copy(update={"gpus_per_trial": 0.0}), calls.append).want(1)
    assert calls == [[{"CPU": 2}]]


@pytest.mark.parametrize("ending", [KeyboardInterrupt, ValueError])
def test_all_is_given_back_however_the_search_ends(asked, ending):
    def search():
        with autoscaler_request(GPU_TRIAL, CLUSTER) as needed:
            needed.want(5)
            raise ending

    with pytest.raises(ending):
        search()
    assert [len(bundles) for bundles in asked] == [3, 0]


def test_nothing_is_given_back_twice(asked):
    with autoscaler_request(GPU_TRIAL, CLUSTER) as needed:
        needed.want(2)
        needed.want(0)
    assert [len(bundles) for bundles in asked] == [2, 0]


def test_a_local_ray_is_not_asked(asked):
    with autoscaler_request(GPU_TRIAL, Capacity(cpus=2, gpus=0, is_local=True)) as needed:
        needed.want(5)
    assert asked == []


@pytest.mark.ray
def test_rays_own_call_takes_what_is_asked(monkeypatch):
    import ray.autoscaler.sdk

    calls = []
    monkeypatch.setattr(ray.autoscaler.sdk, "request_resources", lambda **asked: calls.append(asked))
    with autoscaler_request(GPU_TRIAL, CLUSTER) as needed:
        needed.want(1)
    assert calls == [{"bundles": [{"CPU": 2.0, "GPU": 0.5}]}, {"bundles": []}]
