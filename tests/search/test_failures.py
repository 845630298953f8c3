from tuner.search.ray_tune.failures import describe_failure

DEATH = """Failure # 1 (occurred at 2026-11-21_09-36-37)
The actor died unexpectedly before finishing this task.
\tclass_name: with_resources.<locals>.ResourceTrainable
\tpid: 6187
The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit detail: Worker unexpectedly \
exits with a connection error code 2. End of file. Some common causes include: (1) the process was killed by the OOM killer"""

TRACE = """Failure # 1 (occurred at 2026-11-21_09-36-37)
\x1b[36mray::ResourceTrainable.train()\x1b[39m (pid=1)
  File "program.py", line 3, in train
    loss = step()
ValueError: shapes (3, 4) and (5,) do not match
"""


def test_a_death_says_what_it_can_mean_and_what_ray_knows():
    assert describe_failure(DEATH) == (
        "the worker process died (out of memory, killed, or crashed): "
        "Worker unexpectedly exits with a connection error code 2. End of file."
    )


def test_an_exception_keeps_its_last_lines_without_colours():
    assert describe_failure(TRACE) == (
        'File "program.py", line 3, in train | loss = step() | ValueError: shapes (3, 4) and (5,) do not match'
    )


def test_nothing_is_said_to_be_nothing():
    assert describe_failure("") == "the trial failed without a message"
