"""Searches through the command line: in processes of their own, as a user starts them, or in this one, which has its imports.

A quick one (``quick=True``) is all but the training: no TensorFlow, epochs of milliseconds (``support.quick_tuner``).
"""

import csv
import io
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import chdir, nullcontext, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import pandas as pd
import pytest

from analysis import load
from support.covering import FULL_CONTRACT
from tuner.data.corpus import generate_corpus

ROOT = Path(__file__).parents[2]
PYTHONPATH = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
"""For processes that import the package and these helpers."""

OWN_RAY: dict[str, None] = {"RAY_ADDRESS": None, "RAY_AUTH_MODE": None}
"""Variables of a command that is to start a Ray, where ``on_shared_ray`` gives others one."""

SMALL = ["--set", "layers=1", "--set", "units=4,8", "--set", "embedding=4", "--set", "cell=gru", "--set", "pooling=max"]


def write_reviews(path: Path, examples: int = 1500) -> Path:
    """Reviews as a CSV file with its own column names."""
    corpus = generate_corpus(examples=examples)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "sentiment"])
        writer.writerows(
            (text, corpus.label_names[label]) for text, label in zip(corpus.texts, corpus.labels, strict=True)
        )
    return path


def start(
    folder: Path, *arguments: object, runs_dir: object = None, quick: bool = False, **environment: str | None
) -> subprocess.Popen[str]:
    """Starts a command in a session of its own; runs lie in the folder unless told otherwise. None takes a variable away."""
    program = "support.quick_tuner" if quick and not FULL_CONTRACT else "tuner"
    variables = {**os.environ, "PYTHONPATH": PYTHONPATH, **environment}
    return subprocess.Popen(
        [sys.executable, "-m", program, *_words(arguments, runs_dir or folder)],
        cwd=folder,
        env={name: value for name, value in variables.items() if value is not None},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def call(
    folder: Path, *arguments: object, runs_dir: object = None, quick: bool = False, **environment: str | None
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, in a process of its own."""
    process = start(folder, *arguments, runs_dir=runs_dir, quick=quick, **environment)
    out, err = process.communicate(timeout=480)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run_here(
    folder: Path, *arguments: object, runs_dir: object = None, quick: bool = False, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end in this process: for what is no matter of processes. Saves three seconds, mostly of imports.

    Needs the fixture ``on_shared_ray``. The process stays connected to it, as a notebook does.
    """
    from tuner.search.ray_tune.capacity import import_ray

    ray = import_ray()
    if not ray.is_initialized():
        ray.init(address=os.environ["RAY_ADDRESS"], logging_level=logging.ERROR, log_to_driver=False)
    from support.quick_tuner import quick_training
    from tuner.cli.main import run

    words = _words(arguments, runs_dir or folder)
    out, err = io.StringIO(), io.StringIO()
    with (
        quick_training() if quick and not FULL_CONTRACT else nullcontext(),
        mock.patch.dict(os.environ, environment),
        chdir(folder),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = run(words)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


def _words(arguments: tuple[object, ...], runs_dir: object) -> list[str]:
    """A command's words. A search has no rivals unless it says so: fitting them takes seconds, and few tests look at them."""
    if arguments[0] == "search" and "--rivals" not in arguments:
        arguments = (*arguments, "--no-rivals")
    return [*map(str, arguments), "--runs-dir", str(runs_dir)]


def search(data: Path, name: str, *more: object) -> list[str]:
    """The arguments of a search of small networks, one at once."""
    return ["search", "--data", str(data), "--name", name, "--concurrency", "1", *SMALL, *map(str, more)]


def wait_until(
    happened: Callable[[], bool], process: subprocess.Popen[str], what: str, *, seconds: float = 300
) -> None:
    """Waits for something that a running command does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return
        if process.poll() is not None:
            pytest.fail(f"the command ended early: {process.communicate()[1]}")
        time.sleep(0.05)
    pytest.fail(f"{what} did not happen in {seconds:g} seconds")


def wait_for_epochs(journal: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Waits until a search has so many epochs in its journal."""
    wait_until(
        lambda: journal.exists() and journal.read_bytes().count(b'"event":"epoch"') >= count, process, f"epoch {count}"
    )


def kill(process: subprocess.Popen[str]) -> None:
    """Kills a command with all that it started, and waits for its end."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)


def assert_same_decisions(first: object, second: object) -> None:
    """Two runs have the same trials and epochs to the last bit, whatever the order in which they came."""
    for one, other in zip(_decisions(first), _decisions(second), strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def _decisions(run: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    loaded = load(run)
    epochs = loaded.epochs.drop(columns=["seconds", "tokens_per_second"])
    return loaded.trials.drop(columns="seconds"), epochs.sort_values(["trial_id", "epoch"], ignore_index=True)


def workers_of(pid: int) -> list[int]:
    """Processes that train, among the descendants of a process."""
    return descendants(pid, "ray::.*Trainable")


def descendants(pid: int, command: str) -> list[int]:
    """Those descendants of a process whose command matches: a test never touches somebody else's."""
    found = subprocess.run(["pgrep", "-f", command], capture_output=True, text=True, check=False).stdout
    return [int(one) for one in found.split() if pid in ancestors(int(one))]


def ancestors(pid: int) -> list[int]:
    """A process and those that it descends from, the nearest first."""
    line = [pid]
    while line[-1] > 1:
        try:
            stat = Path(f"/proc/{line[-1]}/stat").read_text()
        except OSError:  # it ended in between
            break
        line.append(int(stat.rpartition(")")[2].split()[1]))
    return line
