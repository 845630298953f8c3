"""How much disk the weights and states of a search can take, known before it starts."""

from tuner.models.memory import trial_files
from tuner.runs.ledger import Ledger
from tuner.runs.settings import SearchSettings
from tuner.search.plan import build_scheduler, our_networks, plan_of


def disk_bound(settings: SearchSettings) -> int | None:
    """The most bytes that ``models/`` of the run holds at any moment; None for a user's own model, whose size nobody knows yet.

    Best weights are kept of the most accurate trials, the frontier and those that run, which all of them can be; a last state
    of each trial that runs, and with a scheduler that lets trials pause of each that waits. One file of either kind more
    is there while it is being replaced. For searchers that learn, random draws stand for what they will propose.
    """
    if settings.hypermodel is not None:
        return None
    plan = plan_of(settings)
    files = [trial_files(plan.network(config), config) for config in our_networks(settings)]
    states = sorted((file.state for file in files), reverse=True)
    if not build_scheduler(settings, Ledger()).pauses:
        states = states[: settings.resources.concurrency]
    replaced = max(file.weights for file in files) + states[0]
    return sum(file.weights for file in files) + sum(states) + replaced
