"""Imports Ray with the settings that it reads while it is imported."""

import os
from pathlib import Path
from typing import Any

# Read by Ray when it is imported or started.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else a FutureWarning for every worker without a GPU
    "RAY_AIR_NEW_OUTPUT": "0",  # the newer output prints a banner even when told to be silent
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # a user's relative paths stay what they are
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # five files and 48 ms a trial; the journal has it all
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is ours: it must end the search at once and say how to resume
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",  # Ray's own snapshots are not used
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",  # failures are recorded with their trial
    "TUNE_WARN_THRESHOLD_S": "30",
    "TUNE_WARN_INSUFFICENT_RESOURCE_THRESHOLD_S": "300",
}


def import_ray() -> Any:
    """Imports Ray with this program's settings: quiet, without usage reports."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    # `ray start --head` asks for this user's token as soon as there is one, and a first local search makes one; but a client
    # with an explicit address sends it only where it was told to before Ray was imported.
    if Path("~/.ray/auth_token").expanduser().exists():
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    import ray

    return ray
