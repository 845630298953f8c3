"""Keeps a run on object storage up to date with the working copy that a search writes.

The storage cannot append and has no locks. So the journal is kept locally and uploaded whole, like every other file; an
object appears there whole or not at all. A round takes a snapshot, then uploads the journal before the states, so that
a state over there is never newer than the journal: what a resumption relies on.

The lock is an object that names its owner and is renewed. An owner that was silent for two minutes is taken over, one of
this working copy at once, because its local lock is free. Two machines that claim a run within the same second may both
read their own name; each looks again in every round, and the one that finds the other's stops. Until then both have
uploaded the same search, and what is lost is at most half a minute of one of them.
"""

import json
import os
import shlex
import shutil
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import Timeout

from tuner.errors import InputError, StorageFailed
from tuner.runs.fetching import JOURNAL, SETTINGS, fetch_to_write
from tuner.runs.journal import this_process
from tuner.runs.location import RemoteFolder, unreachable
from tuner.runs.locking import take_lock

SECONDS_BETWEEN_ROUNDS = 20.0  # half a minute, with the time that a round takes
SECONDS_UNTIL_STALE = 120.0
OWNER = "owner.json"


@dataclass
class _Snapshot:
    """Files as they were at one moment: links that later writing does not change, and how much of the journal there was."""

    journal_bytes: int
    links: dict[str, Path] = field(default_factory=dict)
    stamps: dict[str, tuple[int, int]] = field(default_factory=dict)


class Mirror:
    """One run's working copy, claimed for this process, and the thread that uploads it.

    Attributes:
        lock: to be held by whoever changes files of the working copy, so that a snapshot is of one moment.
        path: the working copy.
    """

    def __init__(self, remote: RemoteFolder) -> None:
        """Claims the run and fetches what the working copy lacks.

        Raises:
            InputError: where another process has the run, or the storage does not answer.
        """
        self.lock = threading.RLock()
        self._remote = remote
        self.path = remote.cache("write")
        self._side = self.path.with_name(f".{self.path.name}.mirror")
        self._side.mkdir(parents=True, exist_ok=True)
        try:
            self._local_lock = take_lock(self._side / "lock")
        except Timeout:
            raise InputError(
                f"{remote.url}: another process on this machine runs this search; wait for its end or stop it first"
            ) from None
        self._token = self._working_copy_token()
        try:
            self._claim()
            fetch_to_write(remote)
            self._uploaded: dict[str, tuple[int, int]] = {}
            self._journal_uploaded = -1
            self._over_there = set(remote.files()) - {OWNER}
        except OSError as error:
            raise unreachable(remote.url, error) from None
        self._displaced: str | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="uploads", daemon=True)

    def start(self) -> None:
        """Uploads all there is, then goes on doing so in the background.

        Raises:
            StorageFailed: where the first upload fails.
        """
        try:
            self._round()
        except OSError as error:
            raise self._not_uploaded(error) from None
        self._thread.start()

    def check(self) -> None:
        """Raises where another machine has taken the run over.

        Raises:
            StorageFailed: naming that machine.
        """
        if self._displaced is not None:
            raise StorageFailed(f"{self._remote.url}: {self._displaced} has taken this search over; this process stops")

    def close(self) -> None:
        """Uploads what is left, and gives the run back.

        Raises:
            StorageFailed: where that is not possible; the working copy then has all of it.
        """
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            if self._displaced is None:
                self._round()
                if self._displaced is None:
                    self._remote.delete(OWNER)
        except OSError as error:
            raise self._not_uploaded(error) from None
        finally:
            self._local_lock.release()

    def _run(self) -> None:
        while not self._ending.wait(SECONDS_BETWEEN_ROUNDS):
            with suppress(OSError):  # the network may come back; the end of the search insists
                self._round()

    def _round(self) -> None:
        """Renews the claim and uploads what changed."""
        owner = self._owner()
        if owner is not None and owner["token"] != self._token:
            self._displaced = str(owner["process"])
            return
        self._write_owner()
        with self.lock:
            snapshot = self._snapshot()
        try:
            self._upload(snapshot)
        finally:
            shutil.rmtree(self._side / "snapshot", ignore_errors=True)

    def _snapshot(self) -> _Snapshot:
        staging = self._side / "snapshot"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        snapshot = _Snapshot((self.path / JOURNAL).stat().st_size)
        for file in sorted(self.path.rglob("*")):
            name = str(file.relative_to(self.path))
            if not file.is_file() or file.name.startswith(".") or name == JOURNAL:
                continue
            stamp = (file.stat().st_size, file.stat().st_mtime_ns)
            snapshot.stamps[name] = stamp
            if self._uploaded.get(name) != stamp:
                link = staging / str(len(snapshot.links))
                os.link(file, link)
                snapshot.links[name] = link
        return snapshot

    def _upload(self, snapshot: _Snapshot) -> None:
        if snapshot.journal_bytes != self._journal_uploaded:
            with (self.path / JOURNAL).open("rb") as journal:
                self._remote.write(JOURNAL, journal.read(snapshot.journal_bytes))
            self._journal_uploaded = snapshot.journal_bytes
        # A folder is a run once it has its settings: they come last.
        for name in sorted(snapshot.links, key=lambda name: name == SETTINGS):
            self._remote.write(name, snapshot.links[name].read_bytes())
            self._uploaded[name] = snapshot.stamps[name]
            self._over_there.add(name)
        for name in self._over_there - set(snapshot.stamps) - {JOURNAL}:
            self._remote.delete(name)
            self._uploaded.pop(name, None)
        self._over_there &= set(snapshot.stamps) | {JOURNAL}

    def _claim(self) -> None:
        owner = self._owner()
        if owner is not None and owner["token"] != self._token:
            silent = time.time() - float(owner["time"])
            if silent < SECONDS_UNTIL_STALE:
                raise InputError(
                    f"{self._remote.url}: {owner['process']} runs this search (seen {max(0.0, silent):.0f} s ago); wait for "
                    f"its end, or, if it was killed, for {SECONDS_UNTIL_STALE:.0f} s"
                )
        self._write_owner()
        owner = self._owner()
        if owner is None or owner["token"] != self._token:
            raise InputError(f"{self._remote.url}: another process has just begun to run this search; wait for its end")

    def _owner(self) -> dict[str, str] | None:
        content = self._remote.read(OWNER)
        try:
            owner: dict[str, str] = json.loads(content or b"null")
            return owner if isinstance(owner, dict) and {"token", "process", "time"} <= set(owner) else None
        except ValueError:
            return None

    def _write_owner(self) -> None:
        owner = {"token": self._token, "process": this_process(), "time": time.time()}
        self._remote.write(OWNER, json.dumps(owner).encode())

    def _working_copy_token(self) -> str:
        """What tells this working copy from those on other machines; the same for as long as it exists."""
        file = self._side / "token"
        if not file.exists():
            file.write_text(uuid.uuid4().hex, encoding="ascii")
        return file.read_text(encoding="ascii")

    def _not_uploaded(self, error: OSError) -> StorageFailed:
        reason = " ".join(str(error).split())[:200]
        return StorageFailed(
            f"{self._remote.url}: could not be written ({reason}); all of it is in {self.path}; on this machine go on "
            f"from there with: python -m tuner resume {shlex.quote(self._remote.url)}"
        )
