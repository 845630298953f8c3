"""What a search will take, before it starts: parameters exactly, time roughly."""

import time
from dataclasses import dataclass
from statistics import median

import numpy as np

from search_spaces.config import TrialConfig
from tuner.data.batches import buckets_of
from tuner.data.encoded import EncodedSplits
from tuner.models.counting import training_flops_per_token
from tuner.runs.settings import SearchSettings
from tuner.search.plan import build_searcher, plan_of

# Measured on one core of a 2-core AVX-512 machine (see tests/benchmarks): seconds a token costs whatever the width, the rate
# at which wide networks compute, seconds to compile a step for one shape, and seconds until the first worker trains. The
# measurement of this machine below scales them.
_REFERENCE_TANH_SECONDS = 0.0042
_SECONDS_PER_TOKEN_AND_LAYER = 0.6e-6
_FLOPS_PER_SECOND = 25e9
_COMPILE_SECONDS = 1.3
_START_SECONDS = 12.0


@dataclass(frozen=True)
class Forecast:
    """Attributes: smallest, median and largest parameter count of the trials, and the seconds that they will take."""

    smallest: int
    median: int
    largest: int
    seconds: float


def forecast(settings: SearchSettings, data: EncodedSplits) -> Forecast:
    """The trials are a function of space and seed, so their sizes are known; early stopping and speed are estimates."""
    plan, searcher = plan_of(settings), build_searcher(settings)
    proposed = [searcher.propose(index) for index in range(settings.trials)]
    configs = [config for config in proposed if config is not None]
    sizes = [plan.count(config).total for config in configs]
    tokens = int(data.train.lengths.sum())
    shapes = len(buckets_of(data, compiled=True).boundaries)
    slowness = _slowness()
    epochs = _expected_epochs(settings)

    def seconds(config: TrialConfig) -> float:
        network = plan.network(config)
        layers = network.layers * network.directions
        a_token = layers * _SECONDS_PER_TOKEN_AND_LAYER + training_flops_per_token(network) / _FLOPS_PER_SECOND
        return slowness * (epochs * tokens * a_token + 2 * shapes * layers * _COMPILE_SECONDS)

    work = sum(map(seconds, configs)) / settings.resources.concurrency
    return Forecast(min(sizes), int(median(sizes)), max(sizes), slowness * _START_SECONDS + work)


def _expected_epochs(settings: SearchSettings) -> float:
    """Mean epochs of a trial: at every rung one in ``reduction_factor`` goes on, and the first few always do."""
    scheduler = settings.scheduler
    if scheduler.name == "none":
        return float(settings.epochs)
    mean, share, done, rung = 0.0, 1.0, 0, scheduler.grace_period
    while rung < settings.epochs:
        mean += share * (rung - done)
        # Asynchronous halving lets more pass than one in eta: early arrivals have little to be compared with.
        share *= min(1.0, 1 / scheduler.reduction_factor + 2 / settings.trials)
        done, rung = rung, rung * scheduler.reduction_factor
    return mean + share * (settings.epochs - done)


def _slowness() -> float:
    """How much slower one core of this machine is than the reference, by a loop that NumPy runs on one thread."""
    numbers = np.linspace(-3, 3, 1_000_000, dtype=np.float32)
    timings = []
    for _ in range(5):
        started = time.perf_counter()
        np.tanh(numbers)
        timings.append(time.perf_counter() - started)
    return median(timings) / _REFERENCE_TANH_SECONDS
