"""All commands, in the order of ``--help``."""

from tuner.cli.machine_commands import doctor, spaces, submit
from tuner.cli.model_commands import explain, export, predict
from tuner.cli.result_commands import errors, forecast, rank, report, track
from tuner.cli.search_options import search
from tuner.cli.training_commands import confirm, distill, reproduce, resume, scale

COMMANDS = (
    search,
    resume,
    rank,
    forecast,
    scale,
    confirm,
    distill,
    errors,
    report,
    track,
    export,
    predict,
    explain,
    spaces,
    reproduce,
    submit,
    doctor,
)
