"""The commands and their options. Each module is light: ``--help`` imports it, and what it runs is imported when it runs."""

from tuner.cli.commands.confirm import confirm
from tuner.cli.commands.doctor import doctor
from tuner.cli.commands.export import export
from tuner.cli.commands.predict import predict
from tuner.cli.commands.rank import rank
from tuner.cli.commands.report import report
from tuner.cli.commands.reproduce import reproduce
from tuner.cli.commands.resume import resume
from tuner.cli.commands.search import search
from tuner.cli.commands.spaces import spaces
from tuner.cli.commands.submit import submit

COMMANDS = (search, resume, rank, confirm, report, export, predict, spaces, reproduce, submit, doctor)
