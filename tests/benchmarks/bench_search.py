"""Times whole searches: the same space, data, trials, epochs and workers here, in Ray Tune, KerasTuner and Optuna.

    python tests/benchmarks/bench_search.py --data airline.parquet                       # 16 trials of 4 epochs, seeds 0 to 2
    python tests/benchmarks/bench_search.py --data airline.parquet --sides ours ray      # two of the sides

Every side is a process tree of its own with two workers of one thread, and one runs at a time, seed by seed. All train on the
same encoded texts, judge by the same validation set, and sample the space that is ``SPACE`` below. Wall time is that of the
whole command, imports and start included.

    ours            python -m tuner search (random search, ASHA), reading the file included
    ray             Ray Tune as its documentation shows: a function with a Keras model that reports, ASHAScheduler
    keras-tuner     KerasTuner's RandomSearch with a chief and two tuner processes; every trial runs all epochs
    hyperband       KerasTuner's Hyperband likewise; its number of trials follows from the epochs, so it is stopped at as many
    optuna          Optuna with its random sampler and SuccessiveHalvingPruner, two processes on one journal

The rivals' model is plain Keras, batches of 64 padded to the longest text, defaults. KerasTuner needs tensorboard installed.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

WORKERS, BATCH, VOCABULARY = 2, 64, 5_000
CHOICES: dict[str, list[Any]] = {
    "cell": ["lstm", "gru"],
    "layers": [1, 2],
    "units": [16, 32, 64],
    "embedding": [16, 32, 64],
    "bidirectional": [False, True],
    "pooling": ["last", "max"],
    "dropout": [0.2, 0.4],
}
RATES = (1e-3, 1e-2)
SPACE = {
    "name": "bench_search",
    "description": "Small LSTMs and GRUs for short texts.",
    "parameters": {
        **{name: {"choice": values} for name, values in CHOICES.items()},
        "vocabulary": VOCABULARY,
        "optimizer": "adam",
        "batch_size": BATCH,
        "learning_rate": {"log_uniform": list(RATES)},
    },
}


def encode(data: Path, folder: Path) -> None:
    """Writes padded ids and labels of training and validation set for the rivals, as a search here encodes them."""
    from tuner.data.pipeline import DataRequest, prepare_data

    request = DataRequest(
        str(data), data.parent, 0, stop_words=False, min_freq=2, max_tokens=VOCABULARY, max_length=400
    )
    prepared = prepare_data(request)
    longest = int(max(prepared.encoded.train.lengths.max(), prepared.encoded.validation.lengths.max()))
    arrays = {"classes": np.array(len(prepared.dataset.label_names))}
    for name in ("train", "validation"):
        part = getattr(prepared.encoded, name)
        tokens = np.zeros((len(part), longest), np.int32)
        tokens[np.arange(longest) < part.lengths[:, None]] = part.tokens
        arrays |= {f"{name}_tokens": tokens, f"{name}_labels": part.labels}
    np.savez(folder / "data.npz", **arrays)


def build(config: dict[str, Any], classes: int) -> Any:
    """The plain Keras model of a configuration."""
    import keras

    layer_of = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[config["cell"]]
    model = keras.Sequential([keras.layers.Embedding(VOCABULARY, config["embedding"], mask_zero=True)])
    for layer in range(config["layers"]):
        sequences = layer < config["layers"] - 1 or config["pooling"] == "max"
        made = layer_of(config["units"], return_sequences=sequences)
        model.add(keras.layers.Bidirectional(made) if config["bidirectional"] else made)
    if config["pooling"] == "max":
        model.add(keras.layers.GlobalMaxPooling1D())
    model.add(keras.layers.Dropout(config["dropout"]))
    model.add(keras.layers.Dense(classes, activation="softmax"))
    model.compile(
        keras.optimizers.Adam(config["learning_rate"]), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def fit(model: Any, data: Any, epochs: int, callbacks: list[Any]) -> None:
    """``model.fit`` as everybody calls it."""
    model.fit(
        data["train_tokens"],
        data["train_labels"],
        batch_size=BATCH,
        epochs=epochs,
        validation_data=(data["validation_tokens"], data["validation_labels"]),
        callbacks=callbacks,
        verbose=0,
    )


def one_thread() -> None:
    """The setting that a worker here has too."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def reporting(tell: Callable[[int, float], None]) -> Any:
    """A Keras callback that tells epoch (from 1) and validation accuracy."""
    import keras

    class Reporting(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            tell(epoch + 1, float((logs or {})["val_accuracy"]))

    return Reporting()


class EpochLog:
    """A file to which all processes of a side append the accuracy of every epoch that they train."""

    def __init__(self, folder: Path) -> None:
        """Takes the side's folder."""
        self.path = folder / "epochs.txt"

    def __call__(self, epoch: int, accuracy: float) -> None:
        """Appends."""
        with self.path.open("a") as file:
            file.write(f"{accuracy}\n")

    def read(self) -> list[float]:
        """All of them."""
        return [float(line) for line in self.path.read_text().splitlines()]


def ray(folder: Path, trials: int, epochs: int, seed: int) -> None:
    """Raw Ray Tune with ASHA."""
    import ray
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler
    from ray.tune.search.basic_variant import BasicVariantGenerator

    log = EpochLog(folder)

    def train(config: dict[str, Any], data: dict[str, Any]) -> None:
        one_thread()
        model = build(config, int(data["classes"]))

        def tell(epoch: int, accuracy: float) -> None:
            log(epoch, accuracy)
            tune.report({"val_accuracy": accuracy, "epoch": epoch})

        fit(model, data, epochs, [reporting(tell)])

    ray.init(address="local", num_cpus=WORKERS, include_dashboard=False, log_to_driver=False)
    space = {name: tune.choice(values) for name, values in CHOICES.items()} | {"learning_rate": tune.loguniform(*RATES)}
    tune.Tuner(
        tune.with_resources(tune.with_parameters(train, data=dict(np.load(folder / "data.npz"))), {"cpu": 1}),
        param_space=space,
        tune_config=tune.TuneConfig(
            metric="val_accuracy",
            mode="max",
            num_samples=trials,
            scheduler=ASHAScheduler(max_t=epochs, grace_period=1, reduction_factor=3),
            search_alg=BasicVariantGenerator(random_state=seed),
        ),
        run_config=tune.RunConfig(storage_path=str(folder), name="ray", verbose=0),
    ).fit()


def optuna(folder: Path, trials: int, epochs: int, seed: int) -> None:
    """One of the processes of an Optuna study."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna.study import MaxTrialsCallback

    one_thread()
    data, log = dict(np.load(folder / "data.npz")), EpochLog(folder)

    def objective(trial: Any) -> float:
        config = {name: trial.suggest_categorical(name, values) for name, values in CHOICES.items()}
        config["learning_rate"] = trial.suggest_float("learning_rate", *RATES, log=True)
        accuracies = []

        def tell(epoch: int, accuracy: float) -> None:
            log(epoch, accuracy)
            accuracies.append(accuracy)
            trial.report(accuracy, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

        fit(build(config, int(data["classes"])), data, epochs, [reporting(tell)])
        return max(accuracies)

    states = [optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED, optuna.trial.TrialState.RUNNING]
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(folder / "optuna.log"))),
        study_name="bench",
        load_if_exists=True,
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=seed * 1000 + os.getpid() % 1000),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
    )
    study.optimize(objective, callbacks=[MaxTrialsCallback(trials, states=tuple(states))])


def keras_tuner(folder: Path, trials: int, epochs: int, seed: int, *, hyperband: bool = False) -> None:
    """The chief or one of the tuners of a KerasTuner search."""
    import keras_tuner

    one_thread()
    data, log = dict(np.load(folder / "data.npz")), EpochLog(folder)

    class Counted(keras_tuner.HyperModel):
        def build(self, hp: Any) -> Any:
            config = {name: hp.Choice(name, values) for name, values in CHOICES.items() if name != "bidirectional"}
            config["bidirectional"] = hp.Boolean("bidirectional")
            config["learning_rate"] = hp.Float("learning_rate", *RATES, sampling="log")
            return build(config, int(data["classes"]))

        def fit(self, hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
            kwargs["callbacks"] = [*kwargs.pop("callbacks", []), reporting(log)]
            return model.fit(*args, **kwargs)

    common = {"objective": "val_accuracy", "seed": seed, "directory": str(folder), "project_name": "kt"}
    if hyperband:
        tuner = keras_tuner.Hyperband(Counted(), max_epochs=epochs, factor=3, hyperband_iterations=100, **common)
        tuner.oracle.max_trials = trials
        arguments = {}
    else:
        tuner = keras_tuner.RandomSearch(Counted(), max_trials=trials, **common)
        arguments = {"epochs": epochs}
    tuner.search(
        data["train_tokens"],
        data["train_labels"],
        batch_size=BATCH,
        validation_data=(data["validation_tokens"], data["validation_labels"]),
        verbose=0,
        **arguments,
    )


def run_process(command: list[str], folder: Path, **environment: str) -> "subprocess.Popen[bytes]":
    """Starts a process of a side, its output in a file."""
    number = len(list(folder.glob("*.out")))
    log = (folder / f"{number}.out").open("wb")
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "RAY_USAGE_STATS_ENABLED": "0"}
    return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **quiet, **environment})


def wait(processes: list["subprocess.Popen[bytes]"], folder: Path) -> None:
    """For all of them; ends the benchmark where one breaks."""
    for process in processes:
        if process.wait() != 0:
            raise SystemExit("\n".join(path.read_text()[-3000:] for path in folder.glob("*.out")))


def run_ours(folder: Path, data: Path, trials: int, epochs: int, seed: int) -> tuple[int, float]:
    """Epochs trained and best accuracy of a search here."""
    (folder / "space.yaml").write_text(yaml.safe_dump(SPACE))
    command = [
        *(sys.executable, "-m", "tuner", "search", "--data", str(data), "--space", str(folder / "space.yaml")),
        *("--trials", str(trials), "--epochs", str(epochs), "--seed", str(seed), "--max-tokens", str(VOCABULARY)),
        *("--scheduler", "asha", "--rungs", ",".join(str(3**power) for power in range(5) if 3**power < epochs)),
        *("--concurrency", str(WORKERS)),
        *("--name", "run", "--runs-dir", str(folder)),
    ]
    wait([run_process(command, folder)], folder)
    import pandas as pd

    table = pd.read_parquet(folder / "run" / "trials.parquet")
    return int(table["epochs"].sum()), float(table["val_accuracy"].max())


def run_rival(side: str, folder: Path, trials: int, epochs: int, seed: int) -> tuple[int, float]:
    """Epochs trained and best accuracy of another tool's search."""
    command = [
        *(sys.executable, __file__, "--side", side, "--folder", str(folder)),
        *("--trials", str(trials), "--epochs", str(epochs), "--seeds", str(seed)),
    ]
    if side == "ray":
        processes = [run_process(command, folder)]
    elif side == "optuna":
        processes = [run_process(command, folder) for _ in range(WORKERS)]
    else:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        common = {"KERASTUNER_ORACLE_IP": "127.0.0.1", "KERASTUNER_ORACLE_PORT": port}
        names = ["chief", *(f"tuner{number}" for number in range(WORKERS))]
        processes = [run_process(command, folder, KERASTUNER_TUNER_ID=name, **common) for name in names]
    wait(processes, folder)
    accuracies = EpochLog(folder).read()
    return len(accuracies), max(accuracies)


SIDES: dict[str, Callable[[Path, int, int, int], None]] = {
    "ray": ray,
    "keras-tuner": keras_tuner,
    "hyperband": lambda *arguments: keras_tuner(*arguments, hyperband=True),
    "optuna": optuna,
}


def main() -> None:
    """Prints a line a search and a table of medians."""
    parser = argparse.ArgumentParser(description="Whole searches: ours, Ray Tune, KerasTuner, Optuna.")
    parser.add_argument("--data", type=Path, help="airline tweets as Parquet")
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--sides", nargs="+", choices=["ours", *SIDES], default=["ours", *SIDES])
    parser.add_argument("--side", choices=list(SIDES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        SIDES[options.side](options.folder, options.trials, options.epochs, options.seeds[0])
        return
    if options.data is None:
        parser.error("--data is needed")
    results: dict[str, list[tuple[float, int, float]]] = {side: [] for side in options.sides}
    for seed in options.seeds:
        for side in options.sides:
            with tempfile.TemporaryDirectory() as temporary:
                folder = Path(temporary)
                if side != "ours":
                    encode(options.data, folder)
                started = time.perf_counter()
                if side == "ours":
                    trained, best = run_ours(folder, options.data, options.trials, options.epochs, seed)
                else:
                    trained, best = run_rival(side, folder, options.trials, options.epochs, seed)
                results[side].append((time.perf_counter() - started, trained, best))
            print(json.dumps({"seed": seed, "side": side, "result": results[side][-1]}), flush=True)
    table = Table("side", "wall (s)", "of ours", "epochs", "best accuracy, mean")
    ours_seconds = statistics.median(seconds for seconds, _, _ in results.get("ours", [(float("nan"), 0, 0.0)]))
    for side, values in results.items():
        seconds = statistics.median(value[0] for value in values)
        table.add_row(
            side,
            f"{seconds:.0f}",
            f"{seconds / ours_seconds:.1f}x",
            f"{statistics.mean(value[1] for value in values):.0f}",
            f"{statistics.mean(value[2] for value in values):.4f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
