"""What a trial takes, and how many run at once: as it was asked for, or as machine, cluster and trials suggest."""

import math
import os

from tuner.data.batches import buckets_of
from tuner.data.encoded import EncodedSplits
from tuner.errors import InputError
from tuner.models.memory import training_memory
from tuner.runs.settings import ResourceSettings, SearchSettings
from tuner.search.gpu_sharing import fits, gpu_sharing, required_memory, share
from tuner.search.plan import built_in_networks, plan_of
from tuner.search.ray_tune.capacity import Capacity, capacity
from tuner.search.ray_tune.cluster import find_cluster, local_gpus, smallest_gpu
from tuner.search.ray_tune.gpus import gpus_of_node
from tuner.search.request import SearchRequest

DEFAULT_TRIALS = 12


def resources_of(request: SearchRequest) -> ResourceSettings:
    """Resources of a trial; on a local Ray they are checked here, on a cluster when it is connected.

    Where GPUs are to be shared by memory, a whole one stands for the share, which only the trials' sizes decide.

    Raises:
        InputError: where this machine has less than one trial is to take, or the cluster does not answer.
    """
    cluster, gpus = find_cluster(request.address), request.gpus_per_trial
    if cluster is None:
        there = Capacity(cpus=os.cpu_count() or 1, gpus=local_gpus())
        for option, asked, has in (
            ("gpus_per_trial", gpus, there.gpus),
            ("cpus_per_trial", request.cpus_per_trial, there.cpus),
        ):
            if isinstance(asked, int | float) and asked > has:
                raise InputError(
                    f"this machine has {has:g}; ask for fewer, or give a cluster with `address`",
                    option=option,
                    value=asked,
                )
    else:
        there = capacity(cluster)
    if gpus == "auto" and not there.gpus:
        raise InputError(
            f"no GPU: 0 {'on this machine' if cluster is None else 'in the cluster'}; leave it out",
            option="gpus_per_trial",
            value=gpus,
        )
    share = (1.0 if there.gpus else 0.0) if gpus is None or gpus == "auto" else gpus
    # A cluster may grow: Ray places what fits, and asks for more nodes.
    slots = math.inf if cluster else there.gpus / share if share else there.cpus / request.cpus_per_trial
    return ResourceSettings(
        cpus_per_trial=request.cpus_per_trial,
        gpus_per_trial=share,
        concurrency=_concurrency(request, slots),
        address=request.address,
    )


def _concurrency(request: SearchRequest, slots: float) -> int:
    trials = (request.trials or DEFAULT_TRIALS) * request.seeds_per_config * (request.folds or 1)
    return request.concurrency or max(1, int(min(slots, trials)))


def with_shared_gpus(settings: SearchSettings, request: SearchRequest, data: EncodedSplits) -> SearchSettings:
    """The settings with as many trials per GPU as fit by the predicted memory of the largest.

    Raises:
        InputError: where there is no GPU to measure, not even one trial fits on it, or trials are of a custom model.
    """
    longest = int(buckets_of(data, compiled=False).boundaries[-1])
    plan, cluster = plan_of(settings), find_cluster(request.address)
    configs = built_in_networks(settings)
    if not configs:
        raise InputError(
            "the memory of a hypermodel's trials is not predicted; give a number", option="gpus_per_trial", value="auto"
        )
    needed = max(required_memory(training_memory(plan.network(config), config, length=longest)) for config in configs)
    found = gpu_sharing(needed, smallest_gpu(cluster) if cluster else min(gpu["memory"] for gpu in gpus_of_node()))
    if not fits(found):
        raise InputError(
            f"the largest trial is predicted to need {needed / 2**30:.1f} GiB with its margins, a GPU has "
            f"{found.memory / 2**30:.1f} GiB; bound it with `max_params` or smaller batches, or ask for 1",
            option="gpus_per_trial",
            value="auto",
        )
    concurrency = settings.resources.concurrency
    if cluster is None:
        # Each trial has a processor that feeds it; a whole GPU is given to one even where there are too few.
        gpus = local_gpus()
        concurrency = _concurrency(
            request, min(gpus * found.trials, max(gpus, (os.cpu_count() or 1) / request.cpus_per_trial))
        )
    resources = settings.resources.model_copy(
        update={
            "gpus_per_trial": share(found.trials),
            "concurrency": concurrency,
            "gpu_sharing": found,
        }
    )
    return settings.model_copy(update={"resources": resources})
