"""Ray's job server at the head of a cluster: what runs there, what it says, and how it ends."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuner.errors import EXIT_FAILED, EXIT_INTERRUPTED, InputError, TunerError
from tuner.submit.target import reached


@contextmanager
def answering(cluster: str) -> Iterator[None]:
    """Turns what Ray's client raises into one line.

    Raises:
        InputError: with the cluster, the reason and the remedy.
    """
    from ray.exceptions import AuthenticationError
    from requests.exceptions import RequestException

    try:
        yield
    except AuthenticationError as error:
        raise InputError(
            f"{cluster}: the head refuses the token ({first_line(error)}); the cluster's token belongs into "
            "~/.ray/auth_token of this machine"
        ) from None
    except (RequestException, ConnectionError) as error:
        raise InputError(
            f"{cluster}: no job server answers ({first_line(error)}); the head needs a dashboard and ray[default], which "
            "`pip install '.[cluster]'` brings"
        ) from None
    except (RuntimeError, ValueError) as error:
        raise InputError(f"{cluster}: Ray refuses ({first_line(error)})") from None


def first_line(error: Exception) -> str:
    """The first line of a message, or the kind of the error where it has none."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__


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
            return EXIT_INTERRUPTED
        if self.status == "succeeded":
            return 0
        return self.exit_code if self.exit_code is not None and self.exit_code > 0 else EXIT_FAILED


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


# Ray gives a job three seconds between SIGTERM and SIGKILL; a search wants to end gracefully, uploads included.
_SECONDS_TO_STOP = 60
_TRIES, _SECONDS_BETWEEN_TRIES, _SECONDS_BETWEEN_STREAMS = 10, 3.0, 0.2
_HEADING = "Running entrypoint for job "


class ConnectionLost(TunerError):
    """The head no longer answers while a job is followed. The job goes on; the message says how to come back."""


class JobServer:
    """One cluster's job server."""

    def __init__(self, client: Any, cluster: str) -> None:
        self._client = client
        self._cluster = cluster

    def submit(
        self,
        command: str,
        *,
        job: str,
        archive: Path | None = None,
        metadata: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Starts a shell command on the head and returns the job's id.

        Args:
            command: for a shell, quoted already.
            job: the id that it gets; it must be new.
            archive: of the folder that it runs in.
            metadata: kept with the job.
            environment: variables of the job and its workers.
        """
        surroundings: dict[str, Any] = {
            "env_vars": {"RAY_JOB_STOP_WAIT_TIME_S": str(_SECONDS_TO_STOP), **(environment or {})}
        }
        if archive is not None:
            surroundings["working_dir"] = str(archive)
        with answering(self._cluster):
            submitted: str = self._client.submit_job(
                entrypoint=command, submission_id=job, runtime_env=surroundings, metadata=dict(metadata or {})
            )
        return submitted

    def jobs(self) -> list[Job]:
        """All jobs that this program submitted, the newest first."""
        with answering(self._cluster):
            found = [job_of(details) for details in self._client.list_jobs() if details.submission_id]
        ours = [job for job in found if "command" in job.metadata]
        return sorted(ours, key=lambda job: job.started or time.time(), reverse=True)

    def job(self, name: str) -> Job:
        """A job by its id.

        Raises:
            InputError: where there is none.
        """
        with answering(self._cluster):
            return job_of(self._client.get_job_info(name))

    def find(self, name: str) -> Job:
        """A job by its id, or the newest one of a run.

        Raises:
            InputError: where there is none, naming those that are there.
        """
        jobs = self.jobs()
        for job in jobs:
            if name in (job.id, job.metadata.get("run")):
                return job
        known = f"there are: {', '.join(job.id for job in jobs[:8])}" if jobs else "nothing was submitted there yet"
        raise InputError(f"{self._cluster}: no job {name!r}; {known}")

    def log(self, name: str) -> str:
        """All that a job has printed so far."""
        with answering(self._cluster):
            return _after_heading(str(self._client.get_job_logs(name)))

    def stop(self, name: str) -> bool:
        """Asks a job to end gracefully; it is killed a minute later. False where it had ended."""
        with answering(self._cluster):
            return bool(self._client.stop_job(name))

    def wait(self, name: str, *, seconds: float, between: float = 0.5) -> Job:
        """The job once it is over.

        Raises:
            InputError: where that takes too long.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job = self.job(name)
            if job.is_over:
                return job
            time.sleep(between)
        raise InputError(
            f"{self._cluster}: the job {name} has not ended within {seconds:g} s; see `ray job logs {name}`"
        )

    def follow(self, name: str, write: Callable[[str], object]) -> Job:
        """Passes on what a job prints, from its beginning, until it is over. A connection that breaks is made again.

        Raises:
            ConnectionLost: where the head stays silent.
        """
        import aiohttp

        log, failures = _Log(write), 0
        while True:
            try:
                asyncio.run(self._tail(name, log))
                job = self.job(name)
            except (aiohttp.ClientError, RuntimeError, InputError) as error:
                failures += 1
                if failures == _TRIES:
                    raise ConnectionLost(
                        f"{self._cluster}: the head no longer answers ({first_line(error)}); the job goes on there, come back "
                        f"with `follow={name!r}`"
                    ) from None
                time.sleep(_SECONDS_BETWEEN_TRIES)
            else:
                if job.is_over:
                    return job
                failures = 0
                time.sleep(_SECONDS_BETWEEN_STREAMS)

    async def _tail(self, name: str, log: "_Log") -> None:
        log.begin_again()
        async for chunk in self._client.tail_job_logs(name):
            log.take(chunk)


class _Log:
    """Passes a job's own words on, once: a stream begins with the log's first line each time it is opened."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._text = ""
        self._passed = 0

    def begin_again(self) -> None:
        """A new stream follows."""
        self._text = ""

    def take(self, chunk: str) -> None:
        """A part of the stream."""
        self._text += chunk
        own = _after_heading(self._text)
        if len(own) > self._passed:
            self._write(own[self._passed :])
            self._passed = len(own)


@contextmanager
def job_server(cluster: str) -> Iterator[JobServer]:
    """The job server of a cluster, see ``reached``.

    Raises:
        InputError: where it cannot be reached, does not answer, or refuses the token.
    """
    with reached(cluster) as url:
        from ray.job_submission import JobSubmissionClient

        with answering(cluster):
            client = JobSubmissionClient(url)
        yield JobServer(client, cluster)


def _after_heading(log: str) -> str:
    """What the command itself printed: what comes after the line with which Ray repeats the command."""
    _, heading, rest = f"\n{log}".partition(f"\n{_HEADING}")
    return rest.partition("\n")[2] if heading else ""
