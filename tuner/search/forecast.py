"""What a search will take, before it starts: parameters exactly, time roughly."""

import time
from dataclasses import dataclass
from statistics import median

import numpy as np

from search_spaces.config import TrialConfig
from tuner.data.encoded import EncodedSplits
from tuner.models.counting import count_parameters, training_flops
from tuner.runs.settings import SearchSettings
from tuner.search.plan import as_compared, built_in_networks, plan_of
from tuner.search.registry import scheduler_spec
from tuner.training.batching import LengthBuckets, compile_seconds

# Measured on one core of a 2-core AVX-512 machine with the generated corpus, batch 64 (a loop is one layer in one direction).
# ``_slowness`` scales them to the machine at hand. They are good for the order of magnitude, which is what a user asks for.
_REFERENCE_TANH_SECONDS = 0.00018
_SECONDS_PER_POSITION_AND_LOOP = {True: 0.65e-6, False: 1.6e-6}  # compiled by XLA or not, however narrow the network
_FLOPS_PER_SECOND = 50e9
_SECONDS_TO_TRACE = 0.3
_SECONDS_TO_TRACE_A_LOOP = 0.15
_SECONDS_TO_START = 8.0


_INTERVAL = (0.4, 1.6)
"""What searches take, by what is forecast. Seven of ``bench_time_forecast.py``, most beside other work, took 0.50 to 0.91
of it; where ``_slowness`` says less, it is nearer to the middle."""


@dataclass(frozen=True)
class Forecast:
    """What a search comes to.

    Attributes:
        smallest: parameters of the smallest trial.
        median: those of the one in the middle.
        largest: those of the largest.
        seconds: that the search takes, its start included.
        low: seconds that it takes at least, as far as searches were measured.
        high: seconds that it takes at most, likewise.
    """

    smallest: int
    median: int
    largest: int
    seconds: float
    low: float
    high: float


def forecast(settings: SearchSettings, data: EncodedSplits) -> Forecast | None:
    """Sizes are known where trials are a function of space and seed; early stopping and speed are estimates.

    None for a custom model, of which nothing is known before it is built and trained.
    """
    plan, configs = plan_of(settings), built_in_networks(settings)
    sizes = [count_parameters(plan.network(config)).total for config in configs]
    if not sizes:
        return None
    reports = scheduler_spec(settings.scheduler.name).expected_epochs(as_compared(settings))
    slowness, epochs = _slowness(), reports / settings.reports_per_epoch
    buckets, lengths = LengthBuckets.of(data), data.train.lengths

    def seconds(config: TrialConfig) -> float:
        network = plan.network(config)
        batching = buckets.batching(config, network, lengths, epochs=settings.epochs)
        a_position = (
            network.loops * _SECONDS_PER_POSITION_AND_LOOP[batching.compiled]
            + training_flops(network) / _FLOPS_PER_SECOND
        )
        steps = epochs * batching.buckets.positions(lengths) * a_position
        once = _SECONDS_TO_TRACE + network.loops * _SECONDS_TO_TRACE_A_LOOP
        return slowness * (steps + once + compile_seconds(network, programs=batching.programs))

    whole = slowness * _SECONDS_TO_START + sum(map(seconds, configs)) / settings.resources.concurrency
    low, high = (factor * whole for factor in _INTERVAL)
    return Forecast(min(sizes), int(median(sizes)), max(sizes), whole, low, high)


def _slowness() -> float:
    """How much slower one core of this machine is than the reference, by a loop that NumPy runs on one thread."""
    numbers = np.linspace(-3, 3, 1_000_000, dtype=np.float32)
    timings = []
    for _ in range(5):
        started = time.perf_counter()
        np.tanh(numbers)
        timings.append(time.perf_counter() - started)
    return median(timings) / _REFERENCE_TANH_SECONDS
