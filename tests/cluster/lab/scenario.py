"""What scenarios have in common: `ray` as a user runs it, a search on the cluster, waiting for things to happen."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cluster.files import ROOT, cluster_file
from cluster.lab.hosts import Host

_BEGAN = time.monotonic()


def say(*words: object) -> None:
    """Prints a line with the time since the start."""
    sys.stdout.write(f"[{time.monotonic() - _BEGAN:6.1f}] {' '.join(map(str, words))}\n")
    sys.stdout.flush()


def changed_file(name: str, scratch: Path, changes: dict[str, str]) -> Path:
    """A copy of a shipped cluster file with some texts changed.

    Raises:
        AssertionError: where a text is not in it: then it has changed, and the scenario tests something else.
    """
    text = cluster_file(name).read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, f"{name}.yaml has no {old!r}"
        text = text.replace(old, new)
    copy = scratch / f"{name}.yaml"
    copy.write_text(text, encoding="utf-8")
    return copy


def ray(*arguments: object, check: bool = True) -> str:
    """Runs `ray` from the project's root and returns what it printed. It would read our standard input, so there is none."""
    command = ["ray", *map(str, arguments)]
    say("$", *command)
    done = subprocess.run(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    say(done.stdout)
    if check and done.returncode != 0:
        raise AssertionError(f"ray {arguments[0]} ended with exit code {done.returncode}")
    return done.stdout


def make_token() -> None:
    """The launching user's token, which the cluster file sends to every node."""
    ray("get-auth-token", "--generate")


def wait_until(
    happened: Callable[[], Any], what: str, *, seconds: float, otherwise: Callable[[], str] = lambda: ""
) -> Any:
    """Waits until something is true, and returns it; ``otherwise`` says more where it does not come."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = happened()
        if result:
            say(what)
            return result
        time.sleep(0.3)
    raise AssertionError(f"{what}: did not happen in {seconds:g} s\n{otherwise()}")


class RemoteSearch:
    """A search that was started on the head by `ray exec`.

    Attributes:
        name: of the run.
        screen: the file with what it prints.
    """

    def __init__(self, cluster: Path, head: Host, name: str, options: str) -> None:
        self.name, self._head = name, head
        self.screen = cluster.with_name("screen.txt")
        command = f"python -m tuner search --name {name} {options}"
        say("$ ray exec", cluster, command)
        self._process = subprocess.Popen(
            ["ray", "exec", cluster, command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=self.screen.open("wb"),
            stderr=subprocess.STDOUT,
        )

    def events(self) -> list[dict[str, Any]]:
        """The journal so far, from the head's working copy."""
        if self._process.poll() not in (None, 0):
            screen = self.screen.read_text(encoding="utf-8", errors="replace")
            raise AssertionError(f"the search ended with exit code {self._process.returncode}:\n{screen[-3000:]}")
        try:
            (journal,) = self._head.path("/home/ubuntu/.cache/frontier-tuner/write").glob(
                f"*/{self.name}/journal.jsonl"
            )
            lines = journal.read_text(encoding="utf-8").split("\n")
        except (ValueError, OSError):  # it has not begun
            return []
        return [json.loads(line) for line in lines[:-1]]

    def epochs(self) -> int:
        """How many epochs have ended."""
        return sum(event["event"] == "epoch" for event in self.events())

    def seconds_until_lost(self, count: int) -> float:
        """How long it takes from now until at least so many workers are recorded as lost, at most a minute."""
        start = time.monotonic()
        wait_until(lambda: len(self._lost()) >= count, f"{count} lost", seconds=60, otherwise=self._trials)
        return round(time.monotonic() - start, 1)

    def _lost(self) -> list[dict[str, Any]]:
        return [event for event in self.events() if event["event"] == "worker_lost"]

    def _trials(self) -> str:
        """What the journal says of trials and workers, for the message of a failed wait."""
        return "\n".join(str(event) for event in self.events() if event["event"] != "epoch")[-3000:]

    def wait(self, seconds: float) -> int:
        """Its exit code."""
        code = self._process.wait(timeout=seconds)
        say("the search ended with exit code", code)
        return code


def answers(address: str, port: int) -> bool:
    """Whether somebody listens there, for this machine."""
    try:
        socket.create_connection((address, port), timeout=5).close()
    except OSError:
        return False
    return True


def fetched_facts(url: str) -> dict[str, Any]:
    """What a machine that has nothing but the bucket says of a run: trials, and what was recorded of losses."""
    from analysis import load
    from tuner.runs.journal import read_journal

    run = load(url)
    events = list(read_journal(run.folder.journal))
    return {
        "status": run.trials["status"].tolist(),
        "epochs": [group.tolist() for _, group in run.epochs.groupby("trial_id")["epoch"]],
        "lost": [event.reason for event in events if event.event == "worker_lost"],
        "started": [event.trial for event in events if event.event == "trial_started"],
    }


@contextmanager
def told(scratch: Path) -> Iterator[dict[str, Any]]:
    """Facts that a scenario collects for its test, written when it has come to its end."""
    facts: dict[str, Any] = {}
    yield facts
    (scratch / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
