import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.models.memory import TrainingMemory
from tuner.search.gpu_sharing import CONTEXT, MOST_PER_GPU, fits, gpu_sharing, memory_limit, required_memory, share

GIB = 2**30


@pytest.mark.parametrize(
    ("needed", "gpu_memory", "trials", "gpus"),
    [
        (2 * GIB, 24 * GIB, 8, 0.125),
        (int(3.2 * GIB), 24 * GIB, 6, 0.1666),
        (10 * GIB, 24 * GIB, 2, 0.5),
        (12 * GIB, 24 * GIB, 1, 1.0),
        (30 * GIB, 24 * GIB, 1, 1.0),
        (GIB // 2, 80 * GIB, MOST_PER_GPU, 0.0625),
    ],
)
def test_as_many_as_fit(needed, gpu_memory, trials, gpus):
    found = gpu_sharing(needed, gpu_memory)
    assert (found.trials, share(found.trials)) == (trials, gpus)
    assert fits(found) == (needed + CONTEXT <= gpu_memory)


@given(st.integers(1, 100 * GIB), st.integers(GIB, 200 * GIB))
def test_those_that_share_a_gpu_always_fit_on_it(needed, gpu_memory):
    found = gpu_sharing(needed, gpu_memory)
    assert found.trials * share(found.trials) <= 1.0
    assert share(found.trials) == round(share(found.trials), 4)  # what Ray can count
    if found.trials > 1:
        assert memory_limit(share(found.trials), gpu_memory) >= needed
        assert found.trials * (memory_limit(share(found.trials), gpu_memory) + CONTEXT) <= gpu_memory
    if found.trials < MOST_PER_GPU and fits(found):
        assert (found.trials + 1) * (needed + CONTEXT) > gpu_memory - gpu_memory // 10_000 * (found.trials + 1)


@given(st.integers(1, 20 * GIB), st.integers(1, GIB), st.integers(GIB, 80 * GIB))
def test_larger_trials_never_share_with_more(needed, more, gpu_memory):
    assert gpu_sharing(needed + more, gpu_memory).trials <= gpu_sharing(needed, gpu_memory).trials


def test_a_worker_keeps_several_programs():
    small, large = TrainingMemory(state=10**6, activations=10**7), TrainingMemory(state=2 * 10**6, activations=10**7)
    assert required_memory(large) - required_memory(small) == 8 * 10**6
    assert required_memory(small) > 512 * 2**20 + 8 * 10**6 + 10**7


def test_a_share_too_small_for_its_process_leaves_nothing():
    assert memory_limit(0.01, 24 * GIB) < 0
    assert memory_limit(0.25, 24 * GIB) == 6 * GIB - CONTEXT
