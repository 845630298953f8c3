"""What ``on_gpu.sh`` measures: equality, training speed, memory and trials side by side on an NVIDIA GPU, as one JSON.

    python tests/benchmarks/on_gpu.py --out gpu.json [--rehearse]

Each part is a process of its own, for TensorFlow gives a card's memory back only at a process's end. A part that fails is
written down with the end of its output, and the others go on.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from tuner.data.corpus import generate_corpus

ROOT = Path(__file__).parents[2]
REVIEWS_A_TEXT = 12  # of the generated corpus, 18 words each in the median: texts of some 200 words
EQUAL = ["tests/models/test_forward.py", "tests/models/test_recurrence.py", "tests/training/test_contract.py"]
SIDE_BY_SIDE = (1, 2, 4, 8)
NETWORKS = (
    {"cell": "gru", "units": 32}, {"cell": "lstm", "units": 100, "layers": 2}, {"cell": "simple_rnn", "units": 100},
    {"cell": "lstm", "units": 300},
)  # fmt: skip


def run(*command: object, seconds: float = 900) -> str:
    """The output of a command in the repository's root; what it says last where it fails.

    Raises:
        RuntimeError: where it fails.
    """
    done = subprocess.run(
        [str(word) for word in command], cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[:4]} ended with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}")
    return done.stdout


def write_texts(path: Path, count: int) -> Path:
    """So many long reviews of the generated corpus, as Parquet."""
    corpus = generate_corpus()
    texts, labels = corpus.texts, corpus.labels
    of_label = [
        [text for text, label in zip(texts, labels, strict=True) if label == one] for one in sorted(set(labels))
    ]
    rows = []
    for number in range(count):
        reviews = of_label[number % 2]
        first = number // 2 * REVIEWS_A_TEXT
        chosen = [reviews[(first + offset) % len(reviews)] for offset in range(REVIEWS_A_TEXT)]
        rows.append({"text": " ".join(chosen), "label": ("negative", "positive")[number % 2]})
    pd.DataFrame(rows).to_parquet(path)
    return path


def equality(scratch: Path) -> dict[str, int]:
    """Tests that hold the kernels to each other, by how they ended."""
    found = scratch / "equality.xml"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", f"--junitxml={found}", *EQUAL], cwd=ROOT, check=False
    )
    (suite,) = ET.parse(found).getroot().iter("testsuite")
    return {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}


def training(data: Path, scratch: Path, *, rehearse: bool) -> list[dict[str, Any]]:
    """Real tokens a second of plain Keras (cuDNN where it has a kernel) and of ours, by ``bench_training.py``."""
    less = ["--rounds", 1, "--batches", 2] if rehearse else []
    run(
        sys.executable, "tests/benchmarks/bench_training.py", "--data", data, "--json", scratch / "training.json", *less
    )
    rows: list[dict[str, Any]] = json.loads((scratch / "training.json").read_text("utf-8"))
    return rows


_MEMORY = """
import json, sys
from pathlib import Path
from tuner.models.device import prepare_tensorflow
tf = prepare_tensorflow(1)
from search_spaces.config import TrialConfig
from tuner.data.pipeline import DataRequest, prepare_data
from tuner.models.memory import training_memory
from tuner.models.network_spec import network_of
from tuner.search.gpu_sharing import required_memory
from tuner.training.trial_run import TrialRun
from tuner.training.worker_context import WorkerContext
data, network = sys.argv[1], json.loads(sys.argv[2])
request = DataRequest(data, Path(data).parent, 0, stop_words=False, min_freq=2, max_tokens=5_000, max_length=400)
encoded = prepare_data(request).encoded
config = TrialConfig(bidirectional=True, pooling="max", embedding=64, vocabulary=5_000, **network)
words = int(encoded.train.tokens.max()) + 1
context = WorkerContext(encoded, words, 2, epochs=1)
TrialRun(context, config, seed=(0, 0), state=None).run_to_report()
estimate = training_memory(
    network_of(config, vocabulary_size=words, classes=2), config, length=context.buckets.many.boundaries[-1]
)
gpu = tf.config.list_physical_devices("GPU")
peak = tf.config.experimental.get_memory_info("GPU:0")["peak"] if gpu else None
print(json.dumps({"estimated": estimate.total, "required": required_memory(estimate), "peak": peak}))
"""


def memory(data: Path) -> list[dict[str, Any]]:
    """Bytes of one trial as estimated, as a worker is given, and at their peak."""
    rows = []
    for network in NETWORKS:
        printed = run(sys.executable, "-c", _MEMORY, data, json.dumps(network))
        rows.append({**network, **json.loads(printed.strip().splitlines()[-1])})
    return rows


def side_by_side(data: Path, scratch: Path, *, rehearse: bool) -> list[dict[str, Any]]:
    """Seconds that 16 equal trials take, so many at once on one card."""
    rows = []
    trials, gpus = (2, 0.0) if rehearse else (16, 1.0)
    for count in SIDE_BY_SIDE[:1] if rehearse else SIDE_BY_SIDE:
        name = f"side{count}"
        run(
            sys.executable, "-m", "tuner", "search", "--data", data, "--name", name, "--runs-dir", scratch,
            "--trials", trials, "--epochs", 2, "--scheduler", "none", "--searcher", "random", "--no-portfolio", "--no-rivals",
            "--set", "cell=lstm", "--set", "units=64", "--set", "layers=1", "--concurrency", count,
            "--gpus-per-trial", gpus / count,
        )  # fmt: skip
        events = [json.loads(line) for line in (scratch / name / "journal.jsonl").read_text("utf-8").splitlines()]
        times = {
            kind: [event["time"] for event in events if event["event"] == kind] for kind in ("trial_started", "epoch")
        }
        status = [event["status"] for event in events if event["event"] == "trial_ended"]
        rows.append(
            {
                "at_once": count,
                "seconds": max(times["epoch"]) - min(times["trial_started"]),
                "failed": status.count("failed"),
            }
        )
    return rows


def main() -> None:
    """Runs all parts and writes the JSON."""
    parser = argparse.ArgumentParser(description="Measurements on a GPU, as JSON.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rehearse", action="store_true", help="without a GPU and with little data")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="on-gpu-") as folder:
        scratch = Path(folder)
        data = write_texts(scratch / "reviews.parquet", 400 if options.rehearse else 6_000)
        parts: dict[str, Callable[[], Any]] = {
            "commit": lambda: run("git", "rev-parse", "HEAD").strip(),
            "doctor": lambda: json.loads(run(sys.executable, "-m", "tuner", "doctor", "--json", "--runs-dir", scratch)),
            "equality": lambda: equality(scratch),
            "training": lambda: training(data, scratch, rehearse=options.rehearse),
            "memory": lambda: memory(data),
            "side_by_side": lambda: side_by_side(data, scratch, rehearse=options.rehearse),
        }
        found: dict[str, Any] = {"rehearsal": options.rehearse}
        for name, part in parts.items():
            print(name, flush=True)
            try:
                found[name] = part()
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                found[name] = {"error": str(error)}
                print(f"  {error}", flush=True)
            options.out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(options.out)


if __name__ == "__main__":
    main()
