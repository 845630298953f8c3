"""Makes the result folders of other tools that the readers are tested on, with the installed libraries.

    python tests/analysis/imported/make_folders.py

KerasTuner wants TensorBoard for its trials, which TensorFlow no longer brings: pip install tensorboard first. What is large and
read by nobody (pickles, event files) is left out, and so are the paths of the machine in tracebacks.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
RUBBISH = ("*.pkl", "events.out.*", "basic-variant-state-*", "experiment_state-*", ".validate_storage_marker")
PATH = re.compile(r'(File \\?")[^"]*/')


def make_ray_tune(folder: Path) -> None:
    """Nine trials of at most eight epochs under ASHA; one breaks."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler

    def train(config: dict) -> None:
        units, rate = config["units"], config["optimizer"]["learning_rate"]
        for epoch in range(1, 9):
            if units == 64 and rate > 5e-3 and epoch == 2:
                raise FloatingPointError("the loss is not finite")
            accuracy = (
                0.9 - 0.3 / units - 0.35 / epoch - (0.02 * (epoch - 5) if epoch > 5 else 0) - 4 * abs(rate - 4e-3)
            )
            tune.report(
                {"val_accuracy": accuracy, "val_loss": 1 - accuracy, "loss": 1 / (1 + epoch), "parameters": 90 * units}
            )

    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    with tempfile.TemporaryDirectory() as storage:
        tune.Tuner(
            train,
            param_space={
                "units": tune.grid_search([8, 32, 64]),
                "optimizer": {"learning_rate": tune.grid_search([1e-3, 4e-3, 8e-3])},
                "tags": ["a", "b"],
            },
            tune_config=tune.TuneConfig(
                metric="val_accuracy",
                mode="max",
                scheduler=ASHAScheduler(max_t=8, grace_period=2),
                max_concurrent_trials=2,
            ),
            run_config=tune.RunConfig(name="ray_tune", storage_path=storage, verbose=0),
        ).fit()
        copy(Path(storage) / "ray_tune", folder)
    ray.shutdown()


def make_keras_tuner(folder: Path) -> None:
    """Six trials of four epochs of a small dense network on made-up numbers; one fails in building."""
    import keras
    import keras_tuner
    import numpy as np

    generator = np.random.default_rng(0)
    features = generator.normal(size=(300, 8)).astype(np.float32)
    labels = (features[:, 0] * features[:, 1] > 0).astype(np.int32)

    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        units = hp.Int("units", 4, 64, sampling="log")
        if units > 40:
            raise ValueError("too large for this test")
        hidden = keras.layers.Dense(units, hp.Choice("activation", ["relu", "tanh"]))
        model = keras.Sequential([keras.Input((8,)), hidden, keras.layers.Dense(1, "sigmoid")])
        rate = hp.Float("learning_rate", 1e-3, 1e-1, sampling="log")
        model.compile(keras.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
        return model

    with tempfile.TemporaryDirectory() as storage:
        tuner = keras_tuner.RandomSearch(
            build, objective="val_accuracy", max_trials=6, seed=3, directory=storage, project_name="keras_tuner",
            executions_per_trial=2, max_consecutive_failed_trials=6, max_retries_per_trial=0,
        )  # fmt: skip
        tuner.search(features[:200], labels[:200], validation_data=(features[200:], labels[200:]), epochs=4, verbose=0)
        copy(Path(storage) / "keras_tuner", folder)


def copy(source: Path, folder: Path) -> None:
    """Puts a result folder in place of the old one, without what no reader looks at."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns(*RUBBISH))
    for file in (*folder.rglob("error.txt"), *folder.rglob("trial.json")):
        file.write_text(PATH.sub(r"\1", file.read_text()))


if __name__ == "__main__":
    make_ray_tune(HERE / "ray_tune")
    make_keras_tuner(HERE / "keras_tuner")
