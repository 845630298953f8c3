"""What went wrong in a trial, in a line or two instead of Ray's traceback."""

import re

_REMOTE_FRAME = re.compile(r"\x1b\[[0-9;]*m")
_LINES = 3
_LENGTH = 400
_WORKER_DIED = ("ActorDiedError", "ActorUnavailableError", "OutOfMemoryError", "NodeDiedError", "WorkerCrashedError")


def describe_failure(trace: str) -> str:
    """The end of a worker's traceback, which names the error; for a worker that died, what Ray knows of its death."""
    lines = [line.strip() for line in _REMOTE_FRAME.sub("", trace).splitlines() if line.strip()]
    if not lines:
        return "the trial failed without a message"
    for number, line in enumerate(lines):
        if any(name in line for name in _WORKER_DIED):
            return " ".join(lines[number : number + _LINES])[:_LENGTH]
    return " | ".join(lines[-_LINES:])[-_LENGTH:]
