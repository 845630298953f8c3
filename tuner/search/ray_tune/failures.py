"""What ended a trial's worker: the trial's own fault, too little memory, or the loss of a process or machine."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tuner.models.memory import TrainingMemory
from tuner.training.trial_error import TrialError

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_HEADING = re.compile(r"Failure # \d+ \(occurred at .*\)")
_DETAIL = re.compile(r"Worker exit detail: (.*?)(?: Some common causes| There are some potential|$)")
_NODE = re.compile(r"because its node has died|[Nn]ode .*? (?:was terminated|is dead|has died)")
_KILLED_FOR_MEMORY = "killed due to the node running low on memory"
_USED = re.compile(r"actual memory used=([\d.]+)GB")
_LINES = 3
_LENGTH = 400


class FailureKind(Enum):
    """Whose failure it is, which decides what happens to the trial."""

    OWN = "own"
    """An exception of the trial: it is recorded as failed."""
    MEMORY = "memory"
    """The trial needed more memory than there was: failed, with its sizes."""
    WORKER_LOST = "worker lost"
    """The process or its machine went away: the trial goes on elsewhere."""


@dataclass(frozen=True)
class Failure:
    """Attributes: the kind, what is known in a line or two, and the bytes that the trial's worker held, where known."""

    kind: FailureKind
    message: str
    used_bytes: int | None = None


def failure_of(error: BaseException | None, trace: str) -> Failure:
    """Classifies what Ray says of a trial that broke.

    Args:
        error: the exception, where Ray kept it.
        trace: the text that Ray wrote of it.
    """
    from ray.exceptions import RayActorError

    broke = getattr(error, "cause", None)
    if isinstance(broke, TrialError):
        kind = FailureKind.MEMORY if broke.out_of_memory else FailureKind.OWN
        return Failure(kind, broke.message, broke.peak_bytes)
    lines = [line.strip() for line in _COLOUR.sub("", trace).splitlines()]
    lines = [line for line in lines if line and not _HEADING.fullmatch(line)]
    if not lines:
        return Failure(FailureKind.OWN, "the trial failed without a message")
    text = " ".join(lines)
    if _KILLED_FOR_MEMORY in text:
        used = _USED.search(text)
        held = round(float(used[1]) * 2**30) if used else None
        return Failure(FailureKind.MEMORY, "Ray ended the worker, because its machine ran low on memory", held)
    if isinstance(error, RayActorError) and not error.actor_init_failed:
        return Failure(FailureKind.WORKER_LOST, _loss(lines, text))
    return Failure(FailureKind.OWN, " | ".join(lines[-_LINES:])[-_LENGTH:])


def _loss(lines: list[str], text: str) -> str:
    if _NODE.search(text):
        return "its node went away"
    detail = _DETAIL.search(text)
    return f"its worker process died (killed, crashed, or out of memory): {detail[1] if detail else lines[0]}"[:_LENGTH]


def memory_message(failure: Failure, estimate: TrainingMemory | None) -> str:
    """What is recorded of a trial that ran out of memory: the estimate of its size, and the real one, where they are known."""
    held = f", its worker held {_mebibytes(failure.used_bytes)} in all" if failure.used_bytes else ""
    if estimate is None:
        return f"out of memory{held}: {failure.message}"
    return (
        f"out of memory: estimated {_mebibytes(estimate.total)} ({_mebibytes(estimate.state)} for weights, gradients and "
        f"optimizer, {_mebibytes(estimate.activations)} for activations){held}: {failure.message}"
    )


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB"


def tolerate_memory_kills() -> None:
    """Lets a search survive Ray's memory monitor.

    Where it ends a worker, Ray raises an ``OutOfMemoryError``, which is no ``RayActorError``: Tune 2.60 takes that for an
    error of its own and ends the whole experiment (``RayActorManager._actor_task_failed``). This makes it the death of an
    actor, which it is. A second call changes nothing.
    """
    from ray.air.execution._internal.actor_manager import RayActorManager
    from ray.exceptions import NodeDiedError, OutOfMemoryError, RayActorError

    original = RayActorManager._actor_task_failed
    if getattr(original, "tolerates_memory_kills", False):
        return

    def actor_task_failed(self: Any, tracked_actor_task: Any, exception: Exception) -> None:
        if isinstance(exception, OutOfMemoryError | NodeDiedError):
            exception = RayActorError(error_msg=str(exception))
        original(self, tracked_actor_task=tracked_actor_task, exception=exception)

    actor_task_failed.tolerates_memory_kills = True  # type: ignore[attr-defined]
    RayActorManager._actor_task_failed = actor_task_failed
