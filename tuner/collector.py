"""Python's collector of cycles, which looks at all objects again and again while a million come that stay."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS = 100_000
"""New objects after which it looks for cycles; Python's own 700 are for programs that import little."""


@contextmanager
def collector_paused() -> Iterator[None]:
    """For where many objects come that all stay.

    TensorFlow's import takes two thirds of its time within this, Ray Tune's four fifths. Of reading 200,000 events of a run,
    the search for garbage among them would be most.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def collect_rarely() -> None:
    """For a process that is this program's own, at its start."""
    gc.set_threshold(_OBJECTS)


def leave_alone_what_is_there() -> None:
    """For such a process after its imports: what they made stays. To look at it takes 0.3 s with TensorFlow."""
    gc.freeze()
