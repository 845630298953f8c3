"""Runs a line of trainings on Ray: what the launches of a confirmation and a distillation have in common."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.data.soft_targets import SoftTargets
from tuner.runs.settings import SearchSettings
from tuner.search.interruption import Interrupted, Interruption
from tuner.search.ray_tune.capacity import Capacity
from tuner.search.ray_tune.cluster import AutoscalerRequest
from tuner.search.ray_tune.engine import run_on_ray
from tuner.search.work_queue import QueueController

EndReason = Literal["finished", "interrupted"]
Queue = QueueController[Any, Any]
OnStep = Callable[[Queue], None]


def step_of(
    controller: Queue, interruption: Interruption, needed: AutoscalerRequest, on_step: OnStep
) -> Callable[[], None]:
    """What is done several times a second: look for an interruption, ask for nodes, show how it goes."""

    def step() -> None:
        interruption.check()
        needed.want(controller.planned - len(controller.ended))
        on_step(controller)

    return step


def run_queue(
    controller: Queue,
    settings: SearchSettings,
    data: EncodedSplits,
    cluster: Capacity,
    *,
    step: Callable[[], None],
    teachers: Mapping[str, SoftTargets],
    test: EncodedDataset | None = None,
) -> EndReason:
    """Trains what waits, and returns why that is over. Ray must be connected, and the controller started."""
    try:
        if not controller.is_exhausted:
            run_on_ray(controller, settings, data, cluster, test=test, on_step=step, teachers=teachers)
    except Interrupted:
        return "interrupted"
    return "finished"
