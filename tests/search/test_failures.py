import pickle

import pytest
from ray.exceptions import RayActorError, RayTaskError

from tuner.models.memory import TrainingMemory
from tuner.search.ray_tune.failures import Failure, FailureKind, failure_of, memory_message
from tuner.training.trial_error import TrialError, broken_by

DEATH = """Failure # 1 (occurred at 2026-11-21_09-36-37)
The actor died unexpectedly before finishing this task.
\tclass_name: with_resources.<locals>.ResourceTrainable
\tpid: 6187
The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit detail: Worker unexpectedly \
exits with a connection error code 2. End of file. Some common causes include: (1) the process was killed by the OOM killer"""

NODE = """Failure # 1 (occurred at 2026-11-21_09-36-37)
The actor died unexpectedly before finishing this task.
The actor is dead because its node has died. Node Id: 5ab3"""

MEMORY = """Failure # 1 (occurred at 2026-11-21_11-20-02)
1 worker(s) were killed due to the node running low on memory. Memory on the node (IP: 10.0.0.2, ID: b0bc) was 5.77GB used
Selected to kill: (Actor(9d94): task name=T.__init__, pid=19973, actual memory used=1.82GB, worker ID=c771)"""

SETUP = """Failure # 1 (occurred at 2026-11-21_09-36-37)
The actor died because of an error raised in its creation task, \x1b[36mray::ResourceTrainable.__init__()\x1b[39m (pid=1)
  File "trainable.py", line 3, in setup
    import tensorflow
ModuleNotFoundError: No module named 'tensorflow'
"""


def task_error(error):
    return RayTaskError("train", "the whole traceback", error)


def test_a_process_that_died_is_a_lost_worker_with_what_ray_knows_of_it():
    failure = failure_of(RayActorError(error_msg=DEATH), DEATH)
    assert failure == Failure(
        FailureKind.WORKER_LOST,
        "its worker process died (killed, crashed, or out of memory): "
        "Worker unexpectedly exits with a connection error code 2. End of file.",
    )


def test_a_node_that_died_is_a_lost_worker():
    failure = failure_of(RayActorError(error_msg=NODE), NODE)
    assert failure == Failure(FailureKind.WORKER_LOST, "its node went away")


def test_rays_memory_monitor_means_lack_of_memory_and_says_what_the_worker_held():
    failure = failure_of(RayActorError(error_msg=MEMORY), MEMORY)
    assert (failure.kind, failure.used_bytes) == (FailureKind.MEMORY, round(1.82 * 2**30))
    text = memory_message(failure, TrainingMemory(state=3 * 2**20, activations=2**20))
    assert text == (
        "out of memory: estimated 4.0 MiB (3.0 MiB for weights, gradients and optimizer, 1.0 MiB for activations), its "
        "worker held 1,863.7 MiB in all: Ray ended the worker, because its machine ran low on memory"
    )


def test_a_worker_that_cannot_be_set_up_fails_the_trial_with_the_last_lines():
    failure = failure_of(RayActorError(error_msg=SETUP, actor_init_failed=True), SETUP)
    assert failure == Failure(
        FailureKind.OWN,
        "File \"trainable.py\", line 3, in setup | import tensorflow | ModuleNotFoundError: No module named 'tensorflow'",
    )


def test_nothing_is_said_to_be_nothing():
    assert failure_of(None, "").message == "the trial failed without a message"


def test_an_error_of_the_trial_travels_as_its_last_lines():
    def train():
        raise ValueError("shapes (3, 4) and (5,) do not match")

    with pytest.raises(ValueError, match="shapes") as caught:
        train()
    broke = pickle.loads(pickle.dumps(broken_by(caught.value)))
    assert not broke.out_of_memory
    assert broke.message.endswith("in train | raise ValueError(\"shapes (3, 4) and (5,) do not match\") | ValueError: "
                                  "shapes (3, 4) and (5,) do not match")  # fmt: skip
    assert failure_of(task_error(broke), "") == Failure(FailureKind.OWN, broke.message)


@pytest.mark.tensorflow
def test_a_gpu_that_is_full_is_lack_of_memory_with_the_most_that_the_process_held():
    import tensorflow as tf

    text = "Graph execution error:\n\nOOM when allocating tensor with shape[64,4096] on GPU:0 by allocator GPU_0_bfc\n[Op:x]"
    broke = broken_by(tf.errors.ResourceExhaustedError(None, None, text))
    assert broke.out_of_memory
    assert "OOM when allocating tensor with shape[64,4096]" in broke.message
    assert broke.peak_bytes > 2**25
    failure = failure_of(task_error(TrialError(*broke.args)), "")
    assert (failure.kind, failure.used_bytes) == (FailureKind.MEMORY, broke.peak_bytes)


@pytest.mark.tensorflow
def test_a_host_that_is_full_is_lack_of_memory():
    assert broken_by(MemoryError("Unable to allocate 3 TiB")).out_of_memory
