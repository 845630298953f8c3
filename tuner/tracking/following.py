"""Tells trackers of a run: a thread each while its search goes on, or all at once afterwards.

A tracker follows the journal, a file, and the search knows nothing of it. Whatever goes wrong with one is said once, and
tried again; what it has missed it is told then, or by ``tuner track``.
"""

import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

from filelock import Timeout

from tuner.errors import InputError
from tuner.runs.folder import RunFolder
from tuner.runs.locking import take_lock
from tuner.runs.settings import SearchSettings
from tuner.tracking.destinations import Destination
from tuner.tracking.run_log import RunLog
from tuner.tracking.tracker import Tracker
from tuner.user_cache import cache_folder

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_BETWEEN_TRIES = 30.0
SECONDS_AT_THE_END = 60.0
"""How long the end of a search waits for a tracker that takes nothing in: its libraries may try for minutes in vain."""
_SECONDS_BETWEEN_CHECKS = 0.5
_SECONDS_TO_CONNECT = 5.0

Say = Callable[[str], None]


def tracker_for(destination: Destination, folder: RunFolder, settings: SearchSettings, log: RunLog) -> Tracker:
    """A tracker of a run, which is not open yet."""
    kind: type[Tracker]
    if destination.kind == "mlflow":
        from tuner.tracking.mlflow import MLflow

        kind = MLflow
    elif destination.kind == "tensorboard":
        from tuner.tracking.tensorboard import TensorBoard

        kind = TensorBoard
    else:
        from tuner.tracking.optuna_storage import OptunaStorage

        kind = OptunaStorage
    return kind(destination.place, folder, settings, log)


@contextmanager
def telling(log: RunLog, destination: Destination) -> Iterator[None]:
    """The right to tell a tracker of a run, which one process of a machine has: two would both make what is not there yet.

    Raises:
        InputError: where another has it.
    """
    folder = cache_folder("tracking")  # and not the run's, which may be one that is only to be read
    folder.mkdir(parents=True, exist_ok=True)
    place = hashlib.sha256(destination.place.encode()).hexdigest()[:16]
    try:
        lock = take_lock(folder / f"{log.identity}-{destination.kind}-{place}.lock")
    except Timeout:
        raise InputError(
            f"{destination.shown}: another process tells it of this run already; wait for its end"
        ) from None
    try:
        yield
    finally:
        lock.release()


def check_reachable(place: str) -> None:
    """Asks whether anybody listens at a URL of HTTP, which takes a moment; libraries would try again for minutes.

    Raises:
        OSError: where nobody does.
    """
    url = urlsplit(place)
    if url.scheme in ("http", "https") and url.hostname:
        port = url.port or (443 if url.scheme == "https" else 80)
        socket.create_connection((url.hostname, port), timeout=_SECONDS_TO_CONNECT).close()


@contextmanager
def following(
    folder: RunFolder, settings: SearchSettings, destinations: Sequence[Destination], say: Say
) -> Iterator[None]:
    """Tells trackers what happens for as long as the context lasts, and in the end what it came to. Never raises.

    Args:
        folder: the run, as it is being written.
        settings: its ``search.yaml``.
        destinations: who is told.
        say: takes a sentence about what went wrong; called from other threads.
    """
    followers = [_Follower(folder, settings, destination, say) for destination in destinations]
    for follower in followers:
        follower.start()
    try:
        yield
    finally:
        for follower in followers:
            follower.ask_to_end()
        for follower in followers:
            follower.wait()


class _Follower:
    """One tracker, and the thread that tells it."""

    def __init__(self, folder: RunFolder, settings: SearchSettings, destination: Destination, say: Say) -> None:
        self._folder, self._settings, self._destination, self._say = folder, settings, destination, say
        self._log = RunLog(folder.journal)
        self._open: ExitStack | None = None
        self._tracker: Tracker | None = None
        self._next_try = 0.0
        self._has_said = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"tells {destination.kind}", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def ask_to_end(self) -> None:
        """All is written: what is left is told, and the thread ends."""
        self._ending.set()

    def wait(self) -> None:
        """Waits for the end of the thread for as long as the tracker takes in what it is told."""
        told, since = self._told, time.monotonic()
        while self._thread.is_alive() and time.monotonic() - since < SECONDS_AT_THE_END:
            self._thread.join(_SECONDS_BETWEEN_CHECKS)
            if self._told != told:
                told, since = self._told, time.monotonic()
        if self._thread.is_alive():
            self._complain("does not answer")

    @property
    def _told(self) -> int:
        """Trials and epochs that the tracker was told since it was connected."""
        tracker = self._tracker
        return 0 if tracker is None else sum(tracker.new)

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._ending.wait(SECONDS_BETWEEN_LOOKS)
            try:
                self._step(is_last=is_last)
            except Exception as error:  # noqa: BLE001  libraries raise what they like, and no tracker may end a search
                self._complain(reason_of(error).removeprefix(f"{self._destination.shown}: "))
                self._drop()
                self._next_try = time.monotonic() + SECONDS_BETWEEN_TRIES
        self._drop()

    def _step(self, *, is_last: bool) -> None:
        has_news = self._log.read()
        if self._log.state.started_at is None or (time.monotonic() < self._next_try and not is_last):
            return
        if self._tracker is None:
            self._tracker = self._connected()
        elif not (has_news or is_last):
            return
        self._tracker.catch_up()
        if is_last:
            self._tracker.finish()

    def _connected(self) -> Tracker:
        self._open = ExitStack()
        self._open.enter_context(telling(self._log, self._destination))
        check_reachable(self._destination.place)
        tracker = tracker_for(self._destination, self._folder, self._settings, self._log)
        tracker.connect()
        self._open.callback(tracker.close)
        return tracker

    def _drop(self) -> None:
        try:
            if self._open is not None:
                self._open.close()
        except Exception as error:  # noqa: BLE001  as above: it may be the connection that is lost
            self._complain(reason_of(error))
        self._open = self._tracker = None

    def _complain(self, reason: str) -> None:
        if not self._has_said:
            self._has_said = True
            self._say(
                f"note: {self._destination.shown} cannot be reached ({reason}); the search continues, and what is missing "
                f"there is reported later or by: python -m tuner track {self._folder.reference} --to {self._destination.shown}"
            )


def reason_of(error: Exception) -> str:
    """Why a tracker could not be told, in one line."""
    lines = str(error).strip().splitlines()
    return " ".join((lines[0] if lines else type(error).__name__).split())[:200]
