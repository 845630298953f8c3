"""A run folder as a search leaves it, without a search: real files, random weights, made-up accuracies."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from search_spaces.config import TrialConfig
from search_spaces.domains import Choice
from search_spaces.named import named_space
from support.fake_models import random_weights, texts
from tuner.data.pipeline import DataRequest, save_encoder
from tuner.measures import Predictions
from tuner.runs.events import EpochEnded, SearchEnded, SearchStarted, TrialEnded, TrialProposed, TrialStarted
from tuner.runs.folder import RunFolder, create_run
from tuner.runs.predictions import pack_validation
from tuner.runs.settings import write_settings
from tuner.runs.store import RunStore
from tuner.search.plan import plan_of
from tuner.search.prepare import prepare_again, prepare_search
from tuner.search.request import SearchRequest
from tuner.search.schedulers.options import SchedulerOptions

# Accuracy and configuration of every trial. 5, 3 and 0 are the frontier; 1 and 2 are neither there nor among the best five.
TRIALS = (
    (0.95, {"cell": "gru", "units": 8, "bidirectional": True, "pooling": "max"}),
    (0.50, {"cell": "gru", "units": 64, "embedding": 32}),
    (0.51, {"cell": "lstm", "units": 64, "embedding": 32}),
    (
        0.90,
        {
            "cell": "lstm",
            "units": 4,
            "bidirectional": False,
            "pooling": "last",
            "layers": 2,
            "vocabulary": 12,
            "vocabulary_order": "informative",
        },
    ),
    (0.85, {"cell": "gru", "units": 40, "pooling": "mean"}),
    (0.80, {"cell": "simple_rnn", "units": 3, "pooling": "mean", "embedding": 4, "dense_units": 4, "vocabulary": 9}),
    (
        0.75,
        {
            "cell": "elman",
            "activation": "sigmoid",
            "projection": True,
            "units": 40,
            "input": "one_hot",
            "pooling": "attention",
            "batch_norm": True,
            "dense_units": 6,
            "dense_layers": 2,
        },
    ),
)


def keep_predictions(path: Path) -> None:
    """Keeps, with the weights of each trial, what the network that trains says of the validation texts. Needs TensorFlow."""
    from tuner.export.trained import TrainedNetwork, open_run, read_model
    from tuner.models.forward import logits

    run, encoder = open_run(str(path), path.parent)
    encoded = prepare_again(run.settings).encoded
    for weights in path.glob("models/*/best.npz"):
        model = read_model(run, encoder, weights.parent.name)
        assert isinstance(model, TrainedNetwork)
        texts = (encoded.in_informative_order() if model.informative else encoded).validation
        spans = zip(texts.offsets, texts.lengths, strict=False)
        tokens = np.zeros((len(texts), int(texts.lengths.max())), np.int32)
        for row, (start, length) in enumerate(spans):
            tokens[row, :length] = texts.tokens[start : start + length]
        outputs = np.asarray(logits(model.weights, tokens, texts.lengths.astype(np.int32), model.network))
        found = Predictions.of_logits(outputs, texts.labels, run.settings.data.label_names)
        run.folder.validation(model.trial).write_bytes(pack_validation(found))


def write_exported_run(root: Path, *, metric: str = "accuracy", **changes: Any) -> Path:
    """Writes data and a finished run of seven different networks; returns the run's folder.

    Args:
        root: where.
        metric: that it pursued.
        changes: fields of the data's request.
    """
    rows = [f'"{text}",{("meh", "no", "yes")[number % 3]}' for number, text in enumerate(texts(240, 0))]
    (root / "data.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    data = DataRequest(str(root / "data.csv"), root, 0, True, 1, 1000, 10, **changes)
    space = named_space("frontier").replaced({"vocabulary_order": Choice(("frequency", "informative"))})
    search = prepare_search(
        SearchRequest(
            data=data, space=space, trials=len(TRIALS), epochs=1, searcher="random", objective=None, metric=metric,
            warm_start=None, scheduler=SchedulerOptions("none"), patience=None, seed=0,
            max_params=None, time_budget=None, cpus_per_trial=1.0, gpus_per_trial=0.0, concurrency=1, address=None,
            name="mine", runs_dir=root,
        )
    )  # fmt: skip

    def fill(folder: RunFolder) -> None:
        write_settings(folder.settings, search.settings)
        save_encoder(folder.encoder, search.data, max_length=10)

    folder = create_run(root, "mine", fill)
    plan, store = plan_of(search.settings), RunStore(folder)
    store.record(SearchStarted(time=0, trials=len(TRIALS)))
    for index, (accuracy, hyperparameters) in enumerate(TRIALS):
        trial, config = f"{index:05d}", TrialConfig(**hyperparameters)
        count = plan.count(config)
        store.record(
            TrialProposed(
                time=1, trial=trial, index=index, config=config.model_dump(), parameters=count.total,
                embedding_parameters=count.embedding,
            )
        )  # fmt: skip
        store.record(TrialStarted(time=1, trial=trial))
        buffer = io.BytesIO()
        weights = random_weights(plan.network(config), index)
        np.savez(buffer, **{f"w{number:03d}": weight for number, weight in enumerate(weights)})
        store.save_weights(trial, last=b"", best=buffer.getvalue())
        store.record(
            EpochEnded(
                time=2, trial=trial, epoch=1, train_loss=0.5, train_accuracy=0.8, val_loss=0.4,
                metrics={"accuracy": accuracy, metric: accuracy},
                seconds=1, compile_seconds=0, tokens_per_second=1, decision="stop",
            )
        )  # fmt: skip
    for index in range(len(TRIALS)):
        store.record(TrialEnded(time=3, trial=f"{index:05d}", status="completed"))
    store.record(SearchEnded(time=4, reason="finished"))
    store.close()
    return folder.path
