"""The adapters that let Ray Tune run a search: the only modules that import Ray."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuner.search.ray_tune.frontier_scheduler import FrontierScheduler

__all__ = ["FrontierScheduler"]


def __getattr__(name: str) -> Any:
    """Imports the scheduler for others' searches when it is asked for: ours set up Ray before they import it."""
    if name == "FrontierScheduler":
        from tuner.search.ray_tune.frontier_scheduler import FrontierScheduler

        return FrontierScheduler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
