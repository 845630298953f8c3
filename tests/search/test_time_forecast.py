"""The time forecast, held against what the recorded trainings took."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from search_spaces import TrialConfig
from tuner.data.pipeline import BUILT_IN, DataRequest, prepare_data
from tuner.models.network_spec import network_of
from tuner.search.forecast import seconds_an_epoch
from tuner.training.batching import LengthBuckets

TABLE = Path(__file__).parents[1] / "benchmarks" / "recorded" / "frontier.parquet"
HYPERPARAMETERS = ["cell", "layers", "units", "embedding", "vocabulary", "pooling", "dropout", "learning_rate"]


def test_recorded_epochs_took_what_is_forecast():
    data = prepare_data(DataRequest(BUILT_IN, Path(), 0, False, 2, 50_000, 400))
    rows = np.linspace(0, len(data.encoded.train) - 1, 3_000).astype(int)  # as record_frontier.py takes them
    lengths = data.encoded.train.lengths[rows]
    buckets = LengthBuckets.of(
        SimpleNamespace(train=SimpleNamespace(lengths=lengths), validation=data.encoded.validation)
    )
    table = pd.read_parquet(TABLE)
    table = table[(table["data"] == "corpus") & (table["epoch"] > 2)]  # the first has compiling in it
    ratios = []
    for _, trial in table.groupby("index"):
        known = trial.iloc[0]
        config = TrialConfig(**known[HYPERPARAMETERS].to_dict(), bidirectional=True)
        network = network_of(config, vocabulary_size=data.vocabulary.size, classes=2)
        batching = buckets.batching(config, network, lengths, epochs=8)
        forecast = seconds_an_epoch(
            network,
            int(known["parameters"]),
            steps=3_000 / config.batch_size,
            positions=batching.buckets.positions(lengths),
            compiled=batching.compiled,
        )
        ratios.append(trial["processor_seconds"].median() / forecast)
    low, middle, high = np.quantile(ratios, [0.1, 0.5, 0.9])
    assert len(ratios) == 78
    assert 0.8 < middle < 1.2
    assert low > 0.5
    assert high < 2.0
