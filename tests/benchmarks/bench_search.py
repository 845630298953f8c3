"""Times whole searches: the same space, data, trials, epochs and workers here, in Ray Tune, KerasTuner and Optuna.

    python tests/benchmarks/bench_search.py --data airline.parquet                       # 16 trials of 4 epochs, seeds 0 to 2
    python tests/benchmarks/bench_search.py --data airline.parquet --sides ours ray      # two of the sides
    python tests/benchmarks/bench_search.py --data airline.parquet --space frontier --trials 12 --epochs 8 --limit 240

Every side is a process tree of its own with two workers of one thread, and one runs at a time, seed by seed. All train on the
same encoded texts, judge by the same validation set, and sample the space that is ``BENCH`` below. Wall time is that of the
whole command, imports and start included. With ``--space frontier`` the space is the recommended one, as far as plain Keras has
it (not the order of words and the averaged weights), and ours is the default search. With ``--limit`` a search is cut off after
so many seconds; what it has found by then counts.

Hypervolume is the area of validation accuracy above that of the most frequent label, over decades of parameters up to ten
million. The last column says after how many seconds ours had the accuracy that the side ended with, on the same seed.

    ours            python -m tuner search (random search, ASHA; with the space frontier its defaults), reading included
    ray             Ray Tune as its documentation shows: a function with a Keras model that reports, ASHAScheduler
    keras-tuner     KerasTuner's RandomSearch with a chief and two tuner processes; every trial runs all epochs
    hyperband       KerasTuner's Hyperband likewise; its number of trials follows from the epochs, so it is stopped at as many
    optuna          Optuna with its random sampler and SuccessiveHalvingPruner, two processes on one journal

The rivals' model is plain Keras, batches of 64 padded to the longest text, defaults. KerasTuner needs tensorboard installed.
"""

import argparse
import json
import math
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

from search_spaces.named import named_space
from tuner.search.searchers.frontier_search import hypervolume

WORKERS, BATCH = 2, 64


@dataclass(frozen=True)
class Searched:
    """What all sides search.

    Attributes:
        choices: of each hyperparameter.
        rates: learning rates, logarithmic.
        most_tokens: of the data.
    """

    choices: dict[str, list[Any]]
    rates: tuple[float, float]
    most_tokens: int


BENCH = Searched(
    {
        "cell": ["lstm", "gru"],
        "layers": [1, 2],
        "units": [16, 32, 64],
        "embedding": [16, 32, 64],
        "bidirectional": [False, True],
        "pooling": ["last", "max"],
        "dropout": [0.2, 0.4],
        "vocabulary": [5_000],
    },
    (1e-3, 1e-2),
    5_000,
)
_FRONTIER = named_space("frontier").parameters
FRONTIER = Searched(
    {
        **{name: list(domain.grid()) for name, domain in _FRONTIER.items() if name in BENCH.choices and domain.grid()},
        "dropout": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5],
    },
    _FRONTIER["learning_rate"].bounds(),
    50_000,
)
SEARCHED = {"bench": BENCH, "frontier": FRONTIER}


def space_document() -> dict[str, Any]:
    """``BENCH`` as a file of a space here."""
    return {
        "name": "bench_search",
        "description": "Small LSTMs and GRUs for short texts.",
        "parameters": {
            **{name: {"choice": values} for name, values in BENCH.choices.items()},
            "optimizer": "adam",
            "batch_size": BATCH,
            "learning_rate": {"log_uniform": list(BENCH.rates)},
        },
    }


def encode(data: Path, folder: Path, most_tokens: int) -> float:
    """Writes padded ids and labels of training and validation set for the rivals, as a search here encodes them.

    Returns:
        The share of the validation texts that have the most frequent label of the training texts.
    """
    from tuner.data.pipeline import DataRequest, prepare_data

    request = DataRequest(
        str(data), data.parent, 0, stop_words=False, min_freq=2, max_tokens=most_tokens, max_length=400
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
    most_frequent = np.bincount(arrays["train_labels"]).argmax()
    return float((arrays["validation_labels"] == most_frequent).mean())


def build(config: dict[str, Any], classes: int) -> Any:
    """The plain Keras model of a configuration."""
    import keras

    layer_of = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[config["cell"]]
    model = keras.Sequential([keras.layers.Embedding(config["vocabulary"], config["embedding"], mask_zero=True)])
    for layer in range(config["layers"]):
        sequences = layer < config["layers"] - 1 or config["pooling"] != "last"
        made = layer_of(config["units"], return_sequences=sequences)
        model.add(keras.layers.Bidirectional(made) if config["bidirectional"] else made)
    if config["pooling"] != "last":
        pooling = {"max": keras.layers.GlobalMaxPooling1D, "mean": keras.layers.GlobalAveragePooling1D}
        model.add(pooling[config["pooling"]]())
    model.add(keras.layers.Dropout(config["dropout"]))
    model.add(keras.layers.Dense(classes, activation="softmax"))
    model.compile(
        keras.optimizers.Adam(config["learning_rate"]), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def known(tokens: Any, model: Any) -> Any:
    """Token ids, those that a model's vocabulary lacks as the unknown one."""
    return np.where(tokens < model.layers[0].input_dim, tokens, 1)


def fit(model: Any, data: Any, epochs: int, callbacks: list[Any]) -> None:
    """``model.fit`` as everybody calls it."""
    model.fit(
        known(data["train_tokens"], model),
        data["train_labels"],
        batch_size=BATCH,
        epochs=epochs,
        validation_data=(known(data["validation_tokens"], model), data["validation_labels"]),
        callbacks=callbacks,
        verbose=0,
    )


def one_thread() -> None:
    """The setting that a worker here has too."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def reporting(tell: Callable[[int, int, float], None]) -> Any:
    """A Keras callback that tells epoch (from 1), parameters and validation accuracy."""
    import keras

    class Reporting(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            tell(epoch + 1, self.model.count_params(), float((logs or {})["val_accuracy"]))

    return Reporting()


class Epoch(NamedTuple):
    """An epoch of some trial: when it ended, in seconds since the epoch, and what it reached."""

    time: float
    parameters: float
    accuracy: float


class EpochLog:
    """A file to which all processes of a side append every epoch that they train."""

    def __init__(self, folder: Path) -> None:
        """Takes the side's folder."""
        self.path = folder / "epochs.txt"

    def __call__(self, epoch: int, parameters: int, accuracy: float) -> None:
        """Appends."""
        with self.path.open("a") as file:
            file.write(f"{time.time()} {parameters} {accuracy}\n")

    def read(self) -> list[Epoch]:
        """All of them."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [Epoch(*map(float, line.split())) for line in lines]


def ray(folder: Path, searched: Searched, trials: int, epochs: int, seed: int) -> None:
    """Raw Ray Tune with ASHA."""
    import ray
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler
    from ray.tune.search.basic_variant import BasicVariantGenerator

    log = EpochLog(folder)

    def train(config: dict[str, Any], data: dict[str, Any]) -> None:
        one_thread()
        model = build(config, int(data["classes"]))

        def tell(epoch: int, parameters: int, accuracy: float) -> None:
            log(epoch, parameters, accuracy)
            tune.report({"val_accuracy": accuracy, "epoch": epoch})

        fit(model, data, epochs, [reporting(tell)])

    ray.init(address="local", num_cpus=WORKERS, include_dashboard=False, log_to_driver=False)
    space = {name: tune.choice(values) for name, values in searched.choices.items()}
    space["learning_rate"] = tune.loguniform(*searched.rates)
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


def optuna(folder: Path, searched: Searched, trials: int, epochs: int, seed: int) -> None:
    """One of the processes of an Optuna study."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna.study import MaxTrialsCallback

    one_thread()
    data, log = dict(np.load(folder / "data.npz")), EpochLog(folder)

    def objective(trial: Any) -> float:
        config = {name: trial.suggest_categorical(name, values) for name, values in searched.choices.items()}
        config["learning_rate"] = trial.suggest_float("learning_rate", *searched.rates, log=True)
        accuracies = []

        def tell(epoch: int, parameters: int, accuracy: float) -> None:
            log(epoch, parameters, accuracy)
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


def keras_tuner(
    folder: Path, searched: Searched, trials: int, epochs: int, seed: int, *, hyperband: bool = False
) -> None:
    """The chief or one of the tuners of a KerasTuner search."""
    import keras_tuner

    one_thread()
    data, log = dict(np.load(folder / "data.npz")), EpochLog(folder)

    class Counted(keras_tuner.HyperModel):
        def build(self, hp: Any) -> Any:
            config = {name: hp.Choice(name, values) for name, values in searched.choices.items()}
            config["learning_rate"] = hp.Float("learning_rate", *searched.rates, sampling="log")
            return build(config, int(data["classes"]))

        def fit(self, hp: Any, model: Any, tokens: Any, *args: Any, **kwargs: Any) -> Any:
            validation, labels = kwargs.pop("validation_data")
            kwargs["validation_data"] = known(validation, model), labels
            kwargs["callbacks"] = [*kwargs.pop("callbacks", []), reporting(log)]
            return model.fit(known(tokens, model), *args, **kwargs)

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
    return subprocess.Popen(
        command,
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**os.environ, **quiet, **environment},
        start_new_session=True,
    )


def wait(processes: list["subprocess.Popen[bytes]"], folder: Path, limit: float) -> None:
    """For all of them, at most so many seconds; ends the benchmark where one breaks."""
    ends = time.monotonic() + limit
    for process in processes:
        try:
            code = process.wait(max(0.0, ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        else:
            if code != 0:
                raise SystemExit("\n".join(path.read_text()[-3000:] for path in folder.glob("*.out")))


def run_ours(folder: Path, data: Path, space: str, trials: int, epochs: int, seed: int, limit: float) -> list[Epoch]:
    """What a search here trains."""
    command = [
        *(sys.executable, "-m", "tuner", "search", "--data", str(data)),
        *("--trials", str(trials), "--epochs", str(epochs), "--seed", str(seed), "--concurrency", str(WORKERS)),
        *("--name", "run", "--runs-dir", str(folder)),
    ]
    if space == "bench":
        (folder / "space.yaml").write_text(yaml.safe_dump(space_document()))
        rungs = ",".join(str(3**power) for power in range(5) if 3**power < epochs)
        command += ["--space", str(folder / "space.yaml"), "--max-tokens", str(BENCH.most_tokens)]
        command += ["--searcher", "random", "--no-portfolio", "--scheduler", "asha", "--rungs", rungs]
    wait([run_process(command, folder)], folder, limit)
    events = [json.loads(line) for line in (folder / "run" / "journal.jsonl").read_text().splitlines()]
    sizes = {event["trial"]: event["parameters"] for event in events if event["event"] == "trial_proposed"}
    return [
        Epoch(event["time"], sizes[event["trial"]], event["metrics"]["accuracy"])
        for event in events
        if event["event"] == "epoch" and "accuracy" in event["metrics"]
    ]


def run_rival(side: str, folder: Path, space: str, trials: int, epochs: int, seed: int, limit: float) -> list[Epoch]:
    """What another tool's search trains."""
    command = [
        *(sys.executable, __file__, "--side", side, "--folder", str(folder), "--space", space),
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
    wait(processes, folder, limit)
    return EpochLog(folder).read()


SIDES: dict[str, Callable[[Path, Searched, int, int, int], None]] = {
    "ray": ray,
    "keras-tuner": keras_tuner,
    "hyperband": lambda *arguments: keras_tuner(*arguments, hyperband=True),
    "optuna": optuna,
}


@dataclass(frozen=True)
class Result:
    """A search of a side.

    Attributes:
        seconds: of the whole command.
        epochs: how many it trained.
        best: accuracy.
        area: hypervolume.
        rises: seconds since the command's start, and the best accuracy from then on.
    """

    seconds: float
    epochs: int
    best: float
    area: float
    rises: list[tuple[float, float]]

    @classmethod
    def of(cls, epochs: list[Epoch], seconds: float, started: float, floor: float) -> "Result":
        """From what was trained."""
        best, rises = 0.0, []
        for epoch in sorted(epochs):
            if epoch.accuracy > best:
                best = epoch.accuracy
                rises.append((round(epoch.time - started, 1), best))
        area = hypervolume((epoch.parameters, epoch.accuracy - floor) for epoch in epochs)
        return cls(seconds, len(epochs), best, area, rises)

    def reached(self, accuracy: float) -> float:
        """Seconds until it had an accuracy, infinite where it never had."""
        return next((seconds for seconds, best in self.rises if best >= accuracy), math.inf)


def main() -> None:
    """Prints a line a search and a table of medians."""
    parser = argparse.ArgumentParser(description="Whole searches: ours, Ray Tune, KerasTuner, Optuna.")
    parser.add_argument("--data", type=Path, help="airline tweets as Parquet")
    parser.add_argument("--space", choices=list(SEARCHED), default="bench")
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--limit", type=float, default=math.inf, help="seconds of a search")
    parser.add_argument("--sides", nargs="+", choices=["ours", *SIDES], default=["ours", *SIDES])
    parser.add_argument("--side", choices=list(SIDES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    searched = SEARCHED[options.space]
    if options.side:
        SIDES[options.side](options.folder, searched, options.trials, options.epochs, options.seeds[0])
        return
    if options.data is None:
        parser.error("--data is needed")
    results: dict[str, list[Result]] = {side: [] for side in options.sides}
    for seed in options.seeds:
        for side in options.sides:
            with tempfile.TemporaryDirectory() as temporary:
                folder = Path(temporary)
                floor = encode(options.data, folder, searched.most_tokens)
                asked = (options.space, options.trials, options.epochs, seed, options.limit)
                started, clock = time.time(), time.perf_counter()
                epochs = run_ours(folder, options.data, *asked) if side == "ours" else run_rival(side, folder, *asked)
                seconds = time.perf_counter() - clock
                epochs = [epoch for epoch in epochs if epoch.time <= started + options.limit]
                results[side].append(Result.of(epochs, seconds, started, floor))
            print(json.dumps({"seed": seed, "side": side, **asdict(results[side][-1])}), flush=True)
    columns = (
        "side",
        "wall (s)",
        "of ours",
        "epochs",
        "best accuracy, mean",
        "hypervolume, mean",
        "ours had its best after (s)",
    )
    table, ours = Table(*columns), results.get("ours", [])
    ours_seconds = statistics.median(result.seconds for result in ours) if ours else math.nan
    for side, values in results.items():
        seconds = statistics.median(value.seconds for value in values)
        table.add_row(
            side,
            f"{seconds:.0f}",
            f"{seconds / ours_seconds:.1f}x",
            f"{statistics.mean(value.epochs for value in values):.0f}",
            f"{statistics.mean(value.best for value in values):.4f}",
            f"{statistics.mean(value.area for value in values):.3f}",
            ", ".join(f"{mine.reached(value.best):.0f}" for mine, value in zip(ours, values, strict=False)),
        )
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
