"""Exported models against the trials that they come from: the same numbers, and how fast.

    python tests/benchmarks/bench_export.py parity    every cell, pooling and direction, trained for two epochs on the corpus
    python tests/benchmarks/bench_export.py encodings the tokeniser's settings, with truncation, likewise
    python tests/benchmarks/bench_export.py run RUN   the frontier of a run, on the data that it was made with
    python tests/benchmarks/bench_export.py speed     one text and batches of 64, against the Keras model called in Python

SavedModels are run in a new process that imports TensorFlow and nothing of ours.
"""

import io
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from search_spaces.config import TrialConfig
from search_spaces.named import named_space
from tuner.data.encoder import Encoder
from tuner.data.pipeline import BUILT_IN, DataRequest, PreparedData
from tuner.export.trained import TrainedNetwork, chosen_trials, open_run, read_model
from tuner.models.device import quiet_tensorflow
from tuner.models.network_spec import network_of
from tuner.search.prepare import PreparedSearch, prepare_again, prepare_search
from tuner.search.request import SearchRequest

TEXTS = 1_000
ELSEWHERE = """
import sys, numpy as np, tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
classify = model.signatures["serving_default"]
texts = [text.encode() for text in np.load(sys.argv[2])["texts"].tolist()]
results = {}
for size in (1, 7, 64):
    parts = [classify(text=tf.constant(texts[i:i + size])) for i in range(0, len(texts), size)]
    results[f"p{size}"] = np.concatenate([part["probabilities"] for part in parts])
    results[f"id{size}"] = np.concatenate([part["label_id"] for part in parts])
assert not [name for name in sys.modules if name.split(".")[0] in ("tuner", "search_spaces", "analysis")]
np.savez(sys.argv[3], **results)
"""


def prepared(*, stop_words: bool = False, max_length: int = 400) -> PreparedSearch:
    data = DataRequest(BUILT_IN, Path("data"), 0, stop_words, 2, 50_000, max_length)
    options: dict[str, Any] = dict.fromkeys(
        ("max_params", "time_budget", "gpus_per_trial", "concurrency", "address"), None
    )
    return prepare_search(
        SearchRequest(
            data=data, space=named_space("frontier"), trials=1, epochs=2, searcher="random", scheduler="none", seed=0,
            cpus_per_trial=1.0, name="bench", runs_dir=Path(tempfile.mkdtemp()), **options,
        )
    )  # fmt: skip


def trained(search: PreparedSearch, worker_context: Any, epochs: int, **changes: Any) -> tuple[TrainedNetwork, float]:
    """A model after some epochs, and the validation accuracy that its trial reported."""
    from tuner.training.trial_run import TrialRun

    config = TrialConfig(**{"units": 16, "embedding": 8, "learning_rate": 0.005, **changes})
    trial = TrialRun(worker_context, config, seed=(0, 0), state=None)
    reports = [trial.run_to_report() for _ in range(epochs)]
    best = max((report for report in reports if report.best), key=lambda report: report.epoch.metrics["accuracy"])
    with np.load(io.BytesIO(best.best or b"")) as archive:
        weights = tuple(archive[f"w{number:03d}"] for number in range(len(archive.files)))
    data = search.data
    encoder = Encoder(data.tokenizer, data.vocabulary, search.settings.data.max_length, tuple(data.dataset.label_names))
    network = network_of(config, vocabulary_size=data.vocabulary.size, classes=len(encoder.labels))
    return TrainedNetwork(
        "bench", search.settings, "0", {}, weights, encoder, None, config, network
    ), best.epoch.metrics["accuracy"]


def own_probabilities(model: TrainedNetwork, data: PreparedData) -> np.ndarray:
    """Of the first validation texts, by the recurrence that trained them: ``[texts, classes]``."""
    from tuner.models.forward import logits

    texts = data.encoded.validation
    count, width = min(TEXTS, len(texts)), int(texts.lengths.max())
    tokens = np.zeros((count, width), np.int32)
    for row in range(count):
        ids = texts.tokens[texts.offsets[row] : texts.offsets[row + 1]]
        tokens[row, : len(ids)] = ids
    outputs = logits(model.weights, tokens, texts.lengths[:count].astype(np.int32), model.network)
    outputs = outputs.numpy().astype(np.float64)
    if outputs.shape[1] == 1:
        outputs = np.concatenate([np.zeros_like(outputs), outputs], 1)
    powers = np.exp(outputs - outputs.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def compare(data: PreparedData, model: TrainedNetwork, recorded: float, name: str) -> None:
    from tuner.export.saved_model import write_saved_model

    rows = data.splits.validation[:TEXTS]
    texts, labels = [data.dataset.texts[row] for row in rows], data.dataset.labels[rows]
    with tempfile.TemporaryDirectory() as folder:
        write_saved_model(model, Path(folder) / "model")
        np.savez(Path(folder) / "texts.npz", texts=np.array(texts))
        paths = [str(Path(folder) / name) for name in ("model", "texts.npz", "out.npz")]
        # Settings that this process made for TensorFlow would be inherited.
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "PYTHON"))}
        command = [sys.executable, "-c", ELSEWHERE, *paths]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, env=plain)
        out = dict(np.load(paths[2]))
    own = own_probabilities(model, data)
    difference = max(float(np.abs(out[f"p{size}"] - own).max()) for size in (1, 7, 64))
    accuracies = {float((out[f"id{size}"] == labels).mean()) for size in (1, 7, 64)}
    # Of more validation texts than are compared, the recorded accuracy is another: the trial's own answers stand in.
    expected = recorded if len(rows) == len(data.splits.validation) else float((own.argmax(1) == labels).mean())
    same = "same" if accuracies == {expected} else f"exported {accuracies}"
    print(f"{name:<34}{len(rows):>6} texts  difference {difference:.1e}  accuracy {expected:.4f} {same}", flush=True)


def runs(names: list[str]) -> None:
    for name in names:
        run, encoder = open_run(name, Path("runs"))
        data = prepare_again(run.settings)
        for trial in chosen_trials(run, "frontier"):
            model = read_model(run, encoder, trial)
            compare(data, model, model.metrics["val_accuracy"], f"{name}/{trial}")


def parity() -> None:
    from tuner.training.worker_context import WorkerContext

    search = prepared()
    worker_context = WorkerContext(search.data.encoded, search.data.vocabulary.size, 2, 2)
    for cell, pooling, both in itertools.product(("simple_rnn", "lstm", "gru"), ("last", "mean", "max"), (False, True)):
        changes = {"cell": cell, "pooling": pooling, "bidirectional": both, "layers": 1 + both, "vocabulary": 500}
        model, recorded = trained(search, worker_context, 2, **changes)
        compare(search.data, model, recorded, f"{'bi-' if both else ''}{cell} {pooling} x{1 + both}")


def encodings() -> None:
    from tuner.training.worker_context import WorkerContext

    for stop_words, max_length in ((True, 400), (False, 8), (True, 5)):
        search = prepared(stop_words=stop_words, max_length=max_length)
        worker_context = WorkerContext(search.data.encoded, search.data.vocabulary.size, 2, 2)
        model, recorded = trained(search, worker_context, 2, dense_units=8)
        compare(search.data, model, recorded, f"stop words {stop_words}, length {max_length}")


def milliseconds(call: Callable[[], Any]) -> float:
    """The best of several means."""
    call()
    means = []
    for _ in range(5):
        started, count = time.perf_counter(), 0
        while time.perf_counter() - started < 0.2:
            call()
            count += 1
        means.append((time.perf_counter() - started) / count)
    return min(means) * 1e3


def speed() -> None:
    """Raw strings through the SavedModel; for Keras the tokeniser in Python, then the model: called, and as a graph."""
    import tensorflow as tf

    from tuner.export.saved_model import TextClassifier
    from tuner.models.keras_model import build_model

    search = prepared()
    vocabulary = search.data.vocabulary
    generator = np.random.default_rng(0)
    print(f"{'network':<22}{'texts x words':>14}{'SavedModel':>12}{'Keras call':>12}{'Keras graph':>13}   (ms)")
    for cell, units, layers in (
        ("gru", 16, 1),
        ("gru", 32, 1),
        ("lstm", 32, 1),
        ("lstm", 64, 2),
        ("simple_rnn", 32, 1),
    ):
        config = TrialConfig(cell=cell, units=units, layers=layers)
        network = network_of(config, vocabulary_size=vocabulary.size, classes=2)
        encoder = Encoder(search.data.tokenizer, vocabulary, 400, ("no", "yes"))
        weights = tuple(variable.numpy() for variable in build_model(network).weights)
        model = TrainedNetwork("bench", search.settings, "0", {}, weights, encoder, None, config, network)
        exported, keras_one = TextClassifier(model), model.keras_model()

        def encode(texts: list[str], encoder: Encoder = encoder) -> Any:
            known = encoder.vocabulary.ids
            ids = [[known.get(token, 1) for token in encoder.tokenizer.tokenize(text)] for text in texts]
            tokens = np.zeros((len(ids), max(map(len, ids))), np.int32)
            for row, one in enumerate(ids):
                tokens[row, : len(one)] = one
            return tokens

        for count, words in ((1, 20), (1, 200), (64, 20), (64, 200)):
            texts = [" ".join(generator.choice(vocabulary.words, words)) for _ in range(count)]
            raw = tf.constant(texts)
            ours = milliseconds(lambda raw=raw, exported=exported: exported(raw))
            called = milliseconds(lambda texts=texts, m=keras_one, encode=encode: m(encode(texts)))
            graph = milliseconds(lambda texts=texts, m=keras_one, encode=encode: m.predict_on_batch(encode(texts)))
            name = f"bi-{cell} {layers}x{units}"
            print(
                f"{name:<22}{f'{count} x {words}':>14}{ours:>12.2f}{called:>12.1f}{graph:>13.2f}"
                f"   {called / ours:.0f}x, {graph / ours:.1f}x",
                flush=True,
            )


if __name__ == "__main__":
    quiet_tensorflow(threads=1)
    if sys.argv[1] == "run":
        runs(sys.argv[2:])
    else:
        {"parity": parity, "encodings": encodings, "speed": speed}[sys.argv[1]]()
