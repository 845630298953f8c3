"""What an exported model costs who runs it: bytes, milliseconds for one text, texts a second."""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tuner.data.encoded import encode_texts
from tuner.errors import InputError
from tuner.export.folder import folder_bytes
from tuner.export.trained import TrainedModel
from tuner.search.prepare import prepare_again

PROCESSES = 5
_TEXTS = 256
_SCRIPT = Path(__file__).with_name("measured_process.py")


@dataclass(frozen=True)
class Measured:
    """One file or folder, as it was measured: each figure is the median of the processes.

    Attributes:
        model: its name in the export.
        bytes: of the model alone.
        p50_ms: milliseconds for one text, the median over the texts; each counts with its fastest of 3 to 25 rounds, in
            processor time where that is less, so that another program that runs meanwhile hardly matters.
        p95_ms: the same, of the slowest twentieth.
        texts_per_second: in batches of 64; LiteRT takes the texts of a batch one after the other.
        spread: the largest p50 of a process over the smallest, less 1.
        takes: "raw texts" or "token ids".
        texts: how many validation texts it was measured on.
        processor: as the system names it.
    """

    model: str
    bytes: int
    p50_ms: float
    p95_ms: float
    texts_per_second: float
    spread: float
    takes: str
    texts: int
    processor: str


class Texts:
    """Up to 256 validation texts of a search, evenly spaced, for all models of an export."""

    def __init__(self, model: TrainedModel) -> None:
        """Reads the data once more.

        Raises:
            InputError: where they are not at hand or have changed.
        """
        prepared = prepare_again(model.settings)
        rows = prepared.splits.validation
        chosen = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _TEXTS)).astype(np.int64))]
        self.texts = [prepared.dataset.texts[int(row)] for row in chosen]

    def save(self, model: TrainedModel, path: Path) -> None:
        """Writes what a process reads: the texts, and their ids for this model."""
        encoder = model.encoder
        encoded = encode_texts(self.texts, encoder.tokenizer, encoder.vocabulary, max_length=encoder.max_length)
        np.savez(path, texts=np.array(self.texts), tokens=encoded.tokens, offsets=encoded.offsets)


def measured(model: TrainedModel, kind: str, folder: Path, texts: Texts) -> list[dict[str, Any]]:
    """Measures every model of an export, in fresh processes that have its runtime alone, one thread each.

    Args:
        model: what was exported.
        kind: "saved_model", "tflite" or "onnx".
        folder: that holds the model, and nothing else yet.
        texts: what it is to answer.

    Raises:
        InputError: where a process fails.
    """
    places = [folder] if kind == "saved_model" else sorted(folder.glob(f"*.{kind}"))
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "texts.npz"
        texts.save(model, archive)
        return [asdict(_measured(kind, place, archive, len(texts.texts))) for place in places]


def _measured(kind: str, place: Path, archive: Path, count: int) -> Measured:
    runs = [_process(kind, place, archive) for _ in range(PROCESSES)]
    middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    medians = [run["p50_ms"] for run in runs]
    is_folder = place.is_dir()
    return Measured(
        model="SavedModel" if is_folder else place.name,
        bytes=folder_bytes(place) if is_folder else place.stat().st_size,
        spread=max(medians) / min(medians) - 1,
        takes="raw texts" if is_folder else "token ids",
        texts=count,
        processor=_processor(),
        **middle,
    )


def _process(kind: str, place: Path, archive: Path) -> dict[str, float]:
    # Settings that this process made for TensorFlow would be inherited; -P keeps this folder off the path.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "XLA_"))}
    environment |= {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-P", str(_SCRIPT), kind, str(place.absolute()), str(archive)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(f"the process that measures failed ({last[:160]}); export without it", option="measure")
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _processor() -> str:
    """The name of the processor, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
