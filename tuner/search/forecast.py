"""What a search will take, before it starts: parameters exactly, time roughly."""

import time
from dataclasses import dataclass
from statistics import median

import numpy as np

from search_spaces.config import TrialConfig
from tuner.data.encoded import EncodedSplits
from tuner.models.counting import count_parameters, training_flops
from tuner.models.network_spec import Network
from tuner.runs.settings import SearchSettings
from tuner.search.plan import as_compared, built_in_networks, plan_of
from tuner.search.registry import scheduler_spec, searcher_spec
from tuner.training.batching import LengthBuckets, compile_seconds

# Fitted to the seconds an epoch, validation included, of 779 trainings, by their logarithms: those of ``record_frontier.py``,
# some with 10,000 texts; batch 64, one core of an AVX-512 machine. Half of them took 0.76 to 1.4 of what the formula gives. A
# loop is one layer in one direction. ``_slowness`` scales the seconds to the machine at hand.
_REFERENCE_TANH_SECONDS = 0.00018
_SECONDS_AN_EPOCH = 0.17
_SECONDS_A_STEP = 0.25e-3
_SECONDS_A_STEP_AND_PARAMETER = 8.6e-9  # the optimizer's, which is bound by memory
_SECONDS_PER_POSITION_AND_LOOP = {True: 0.16e-6, False: 0.68e-6}  # compiled by XLA or not, however narrow the network
_FLOPS_PER_SECOND = 31e9
_SECONDS_TO_TRACE = 0.3
_SECONDS_TO_TRACE_A_LOOP = 0.15
_SECONDS_TO_START = 8.0


_INTERVAL = (0.4, 2.0)
"""What searches take, by the forecast: eight of ``bench_time_forecast.py``, alone on a machine, took 0.45 to 1.75 of it."""


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
    if not configs:
        return None
    sizes = [count_parameters(plan.network(config)).total for config in configs]
    reports = scheduler_spec(settings.scheduler.name).expected_epochs(as_compared(settings))
    slowness, epochs = _slowness(), reports / settings.reports_per_epoch
    buckets, lengths = LengthBuckets.of(data), data.train.lengths

    def seconds(config: TrialConfig, parameters: int) -> float:
        network = plan.network(config)
        batching = buckets.batching(config, network, lengths, epochs=settings.epochs)
        an_epoch = seconds_an_epoch(
            network,
            parameters,
            steps=len(lengths) / config.batch_size,
            positions=batching.buckets.positions(lengths),
            compiled=batching.compiled,
        )
        once = _SECONDS_TO_TRACE + network.loops * _SECONDS_TO_TRACE_A_LOOP
        return slowness * (epochs * an_epoch + once + compile_seconds(network, programs=batching.programs))

    given, drawn = list[float](), list[float]()
    for config, size in zip(configs, sizes, strict=True):
        (given if config.model_dump() in settings.points_to_evaluate else drawn).append(seconds(config, size))
    if drawn and searcher_spec(settings.searcher).learns:
        # What is drawn stands for what the searcher will propose, which is seldom what takes ten times as long as the others.
        drawn = [median(drawn)] * len(drawn)
    whole = slowness * _SECONDS_TO_START + sum(given + drawn) / settings.resources.concurrency
    low, high = (factor * whole for factor in _INTERVAL)
    return Forecast(min(sizes), int(median(sizes)), max(sizes), whole, low, high)


def seconds_an_epoch(network: Network, parameters: int, *, steps: float, positions: int, compiled: bool) -> float:
    """What an epoch takes on the machine of the recorded curves, its validation included.

    Args:
        network: that is trained.
        parameters: of it.
        steps: of the epoch.
        positions: tokens of the epoch, padding included.
        compiled: whether XLA compiles the training step.
    """
    a_step = _SECONDS_A_STEP + parameters * _SECONDS_A_STEP_AND_PARAMETER
    a_loop = _SECONDS_PER_POSITION_AND_LOOP[compiled]
    a_position = network.loops * a_loop + training_flops(network) / _FLOPS_PER_SECOND
    return _SECONDS_AN_EPOCH + steps * a_step + positions * a_position


def _slowness() -> float:
    """How much slower one core of this machine is than the reference, by a loop that NumPy runs on one thread."""
    numbers = np.linspace(-3, 3, 1_000_000, dtype=np.float32)
    timings = []
    for _ in range(5):
        started = time.perf_counter()
        np.tanh(numbers)
        timings.append(time.perf_counter() - started)
    return median(timings) / _REFERENCE_TANH_SECONDS
