"""A job as the job server tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_INTERRUPTED = 130


@dataclass(frozen=True)
class Job:
    """A job as the server knows it.

    Attributes:
        id: names it.
        status: pending, running, stopped, succeeded or failed.
        message: what the server says of the status.
        metadata: what was sent along with it.
        started: seconds since 1970, None before its start.
        ended: likewise, None before its end.
        exit_code: of its command, None before its end and where it could not be started.
    """

    id: str
    status: str
    message: str
    metadata: Mapping[str, str]
    started: float | None
    ended: float | None
    exit_code: int | None

    @property
    def is_over(self) -> bool:
        """Whether it has ended, however."""
        return self.status in ("stopped", "succeeded", "failed")

    def code(self) -> int:
        """The exit code for whoever waited for it: the command's own where it ended by itself."""
        if self.status == "stopped":
            return _INTERRUPTED
        if self.status == "succeeded":
            return 0
        return self.exit_code if self.exit_code is not None and self.exit_code > 0 else 1


def job_of(details: Any) -> Job:
    """From Ray's ``JobDetails``."""
    return Job(
        id=str(details.submission_id),
        status=str(getattr(details.status, "value", details.status)).lower(),
        message=str(details.message or ""),
        metadata=details.metadata or {},
        started=_seconds(details.start_time),
        ended=_seconds(details.end_time),
        exit_code=details.driver_exit_code,
    )


def _seconds(milliseconds: int | None) -> float | None:
    return milliseconds / 1000 if milliseconds else None
