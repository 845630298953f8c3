"""What a trial takes, on machines and clusters that are made up."""

from dataclasses import replace
from pathlib import Path

import pytest

from search_spaces.named import named_space
from support.fakes import run_settings
from tuner.data.pipeline import BUILT_IN, DataRequest
from tuner.errors import InputError
from tuner.search import resources
from tuner.search.launch import check_cluster
from tuner.search.prepare import prepare_search
from tuner.search.ray_tune import capacity
from tuner.search.ray_tune.capacity import Capacity
from tuner.search.request import SearchRequest
from tuner.search.schedulers.options import SchedulerOptions

GIB = 2**30


@pytest.fixture
def machine(monkeypatch):
    """Lets a test say what is there."""

    def there(*, cpus=8, gpus=0, cluster=None, memory=24 * GIB):
        monkeypatch.setattr(resources, "find_cluster", lambda _: "10.0.0.1:6379" if cluster else None)
        monkeypatch.setattr(resources, "capacity", lambda _: cluster)
        monkeypatch.setattr(resources, "smallest_gpu", lambda _: memory)
        monkeypatch.setattr(resources, "local_gpus", lambda: gpus)
        monkeypatch.setattr(resources, "gpus_of_node", lambda: [{"name": "A10G", "memory": memory}] * gpus)
        monkeypatch.setattr(resources.os, "cpu_count", lambda: cpus)

    return there


def request(**changes):
    asked = {
        "data": DataRequest(BUILT_IN, Path("data"), 0, False, 2, 1000, 40),
        "space": named_space("frontier"), "trials": 50, "epochs": 2, "searcher": "random", "objective": None,
        "warm_start": None, "scheduler": SchedulerOptions("asha"), "patience": None, "seed": 0, "max_params": None,
        "time_budget": None, "cpus_per_trial": 1.0, "gpus_per_trial": None, "concurrency": None, "address": None,
        "name": "mine", "runs_dir": Path("runs"), **changes,
    }  # fmt: skip
    return SearchRequest(**asked)


def test_a_machine_without_gpus(machine):
    machine(cpus=8)
    found = resources.resources_of(request(cpus_per_trial=2.0))
    assert (found.gpus_per_trial, found.concurrency) == (0.0, 4)


def test_a_gpu_each_where_there_are_any(machine):
    machine(gpus=2)
    found = resources.resources_of(request())
    assert (found.gpus_per_trial, found.concurrency) == (1.0, 2)
    assert resources.resources_of(request(gpus_per_trial=0.25)).concurrency == 8


def test_a_cluster_is_not_bounded_by_the_nodes_of_today(machine):
    machine(cluster=Capacity(cpus=4, gpus=0))
    assert resources.resources_of(request()).concurrency == 50
    machine(cluster=Capacity(cpus=4, gpus=8))
    assert resources.resources_of(request()).gpus_per_trial == 1.0
    assert resources.resources_of(request(concurrency=3)).concurrency == 3


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"gpus_per_trial": "auto"}, "gpus_per_trial='auto': no GPU: 0 on this machine; leave it out"),
        (
            {"gpus_per_trial": 1.0},
            "gpus_per_trial=1.0: this machine has 0; ask for fewer, or give a cluster with `address`",
        ),
        ({"cpus_per_trial": 9.0}, "cpus_per_trial=9.0: this machine has 8; ask for fewer"),
    ],
)
def test_what_is_not_there_is_refused(machine, asked, message):
    machine(cpus=8)
    with pytest.raises(InputError, match=message):
        resources.resources_of(request(**asked))


def test_auto_needs_a_gpu_in_the_cluster(machine):
    machine(cluster=Capacity(cpus=8, gpus=0))
    with pytest.raises(InputError, match="no GPU: 0 in the cluster"):
        resources.resources_of(request(gpus_per_trial="auto"))


def prepared(tmp_path, **changes):
    return prepare_search(request(gpus_per_trial="auto", runs_dir=tmp_path, **changes)).settings.resources


def test_trials_share_a_card_by_the_memory_of_the_largest(machine, tmp_path):
    machine(cpus=32, gpus=2)
    found = prepared(tmp_path)
    assert found.gpu_sharing.trials == 16  # small networks
    assert found.gpus_per_trial == 0.0625
    assert found.concurrency == 32
    machine(cpus=32, gpus=2, memory=5 * GIB)
    smaller = prepared(tmp_path)
    assert 1 < smaller.gpu_sharing.trials < 16
    assert smaller.gpu_sharing.needed == found.gpu_sharing.needed
    assert smaller.concurrency == 2 * smaller.gpu_sharing.trials


def test_each_trial_on_a_shared_card_has_a_processor(machine, tmp_path):
    machine(cpus=6, gpus=2)
    assert prepared(tmp_path).concurrency == 6
    machine(cpus=1, gpus=2)
    assert prepared(tmp_path).concurrency == 2


def test_the_smallest_card_of_a_cluster_decides(machine, tmp_path):
    machine(cluster=Capacity(cpus=64, gpus=8), memory=5 * GIB)
    found = prepared(tmp_path)
    assert found.gpu_sharing.memory == 5 * GIB
    assert found.concurrency == 50


def test_a_trial_that_fits_on_no_card_is_refused(machine, tmp_path):
    machine(gpus=1, memory=GIB)
    with pytest.raises(InputError, match=r"the largest trial is predicted to need \d\.\d GiB .* a GPU has 1\.0 GiB"):
        prepared(tmp_path)


def test_a_cluster_counts_with_the_nodes_that_may_come(monkeypatch):
    monkeypatch.setattr(capacity, "most_resources", lambda _: {"CPU": 36.0, "GPU": 8.0})
    assert capacity.grown({"CPU": 4.0}, "10.0.0.1:6379") == Capacity(cpus=36.0, gpus=8.0)
    assert capacity.grown({"CPU": 40.0}, "10.0.0.1:6379") == Capacity(cpus=40.0, gpus=8.0)
    monkeypatch.setenv("RAY_USAGE_STATS_KUBERAY_IN_USE", "1")
    assert capacity.grown({"CPU": 40.0}, "10.0.0.1:6379").is_open


def test_a_trial_that_no_node_holds_is_refused_unless_nodes_may_come(monkeypatch):
    settings = run_settings().model_copy(
        update={"resources": run_settings().resources.model_copy(update={"gpus_per_trial": 1.0})}
    )
    there = Capacity(cpus=4, gpus=0)
    with pytest.raises(InputError, match=r"gpus_per_trial=1\.0: the cluster has 0; ask for less or add nodes"):
        check_cluster(settings, there)
    check_cluster(settings, replace(there, gpus=8))
    check_cluster(settings, replace(there, is_open=True))
