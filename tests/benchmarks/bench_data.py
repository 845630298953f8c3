"""Reading, tokenising and encoding a large file, cold and from the cache, against an earlier commit.

    python tests/benchmarks/bench_data.py [--rows 500000 2000000] [--base COMMIT] [--rounds 1]

Writes CSV files of 20 to 60 words a row, drawn by Zipf's law, and prepares them in processes of their own, the commits in turn:
with the code of ``--base`` (left out: this one alone), with this code and an empty cache, and with this code and the cache that
this left. Prints medians of seconds and processor seconds, and the greatest peak memory of the process and all that it starts
(proportional set size). All sides must encode the same numbers.
"""

import argparse
import hashlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).parents[2]
SIDES = ("base", "cold", "warm")


def write_rows(path: Path, rows: int) -> None:
    """Texts of random words of a vocabulary of 200,000, and labels that say nothing."""
    rng = np.random.default_rng(0)
    letters = np.array(list("etaoinshrdlucmfw"))
    words = np.array([f"{''.join(rng.choice(letters, 1 + rank % 8))}{rank:x}" for rank in range(200_000)], object)
    cumulative = np.cumsum(1 / np.arange(1, len(words) + 1))
    with path.open("w") as file:
        file.write("text,label\n")
        for start in range(0, rows, 20_000):
            lengths = rng.integers(20, 61, min(20_000, rows - start))
            drawn = words[np.searchsorted(cumulative, rng.random(lengths.sum()) * cumulative[-1])]
            ends = np.cumsum(lengths)
            for first, last in zip(ends - lengths, ends, strict=True):
                file.write(f"{' '.join(drawn[first:last])},{'good' if first % 2 else 'bad'}\n")


def prepare(path: Path, side: str) -> None:
    """Prepares the file with the code that is found first, and prints what it took and a digest of the numbers."""
    from tuner.data.pipeline import DataRequest, prepare_data

    started = time.perf_counter()
    request = DataRequest(str(path), path.parent, 0, stop_words=False, min_freq=2, max_tokens=50_000, max_length=400)
    if side == "base":
        prepared = prepare_data(request)
    else:
        from tuner.data.cache import prepare_with_cache

        prepared = prepare_with_cache(request)
    seconds = time.perf_counter() - started
    digest = hashlib.sha256(prepared.dataset.fingerprint.encode())
    for array in prepared.encoded.as_arrays().values():
        digest.update(np.ascontiguousarray(array))
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(seconds, sum(usage.ru_utime + usage.ru_stime for usage in used), digest.hexdigest())


def peak_of(process: subprocess.Popen[str]) -> int:
    """The greatest memory of a process and its children until it ends, in bytes."""
    peak = 0
    root = psutil.Process(process.pid)
    while process.poll() is None:
        total = 0
        try:
            for one in (root, *root.children(recursive=True)):
                total += one.memory_full_info().pss
        except psutil.Error:  # one of them has ended
            continue
        peak = max(peak, total)
        time.sleep(0.1)
    return peak


def measure(path: Path, side: str, tree: Path, cache: Path) -> tuple[float, float, float, str]:
    """Seconds, processor seconds and megabytes of one side, and its digest."""
    command = [sys.executable, __file__, "--prepare", str(path), "--side", side]
    environment = {**os.environ, "PYTHONPATH": str(tree), "FRONTIER_TUNER_CACHE": str(cache)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        peaks: list[int] = []
        watch = threading.Thread(target=lambda: peaks.append(peak_of(process)))
        watch.start()
        output, _ = process.communicate()
        watch.join()
    seconds, processor, digest = output.split()
    return float(seconds), float(processor), peaks[0] / 1e6, digest


def main() -> None:
    """Prints a row for each side and number of rows."""
    parser = argparse.ArgumentParser(description="Preparing large data: seconds and memory.")
    parser.add_argument("--rows", type=int, nargs="+", default=[500_000, 2_000_000])
    parser.add_argument("--base", help="a commit to compare with")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.prepare:
        prepare(options.prepare, options.side)
        return
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "base"
        base.mkdir()
        if options.base:
            archive = subprocess.run(
                ["git", "archive", options.base, "tuner", "search_spaces"], cwd=ROOT, check=True, capture_output=True
            )
            subprocess.run(["tar", "x", "-C", str(base)], input=archive.stdout, check=True)
        sides = SIDES if options.base else SIDES[1:]
        print("| rows | side | seconds | processor seconds | peak MB |\n| ---: | --- | ---: | ---: | ---: |")
        for rows in options.rows:
            path = Path(folder) / f"{rows}.csv"
            write_rows(path, rows)
            found: dict[str, list[tuple[float, float, float, str]]] = {side: [] for side in sides}
            for number in range(options.rounds):
                for side in sides:
                    tree, cache = base if side == "base" else ROOT, Path(folder) / f"cache-{rows}-{number}"
                    found[side].append(measure(path, side, tree, cache))
            for side, measured in found.items():
                seconds, processor, megabytes, _ = zip(*measured, strict=True)
                middle = f"{statistics.median(seconds):.1f} | {statistics.median(processor):.1f}"
                print(f"| {rows:,} | {side} | {middle} | {max(megabytes):,.0f} |", flush=True)
            assert len({digest for measured in found.values() for *_, digest in measured}) == 1, "other numbers"


if __name__ == "__main__":
    main()
