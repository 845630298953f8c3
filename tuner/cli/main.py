"""The program: its commands, and how errors become one line and an exit code."""

import errno
import os
import sys
from typing import NoReturn

import click

from tuner import __version__
from tuner.cli.commands import COMMANDS
from tuner.cli.spelling import message_of
from tuner.collector import collect_rarely
from tuner.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, InputError, TunerError
from tuner.formatting import shown
from tuner.search.interruption import Interrupted

# Importing this module must stay cheap: --help of every command answers from it. What is heavy is imported by the commands.

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_UNUSABLE_PATH = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="frontier-tuner")
def cli() -> None:
    """Find the recurrent text classifier that is worth its parameters.

    Start with `python -m tuner search`: it needs no data and ends in about a minute.
    """


for command in COMMANDS:
    cli.add_command(command)


def main() -> NoReturn:
    """Runs the command line and exits: 0 done, 1 the search failed, 2 bad usage or input, 130 interrupted."""
    collect_rarely()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs the command line and returns its exit code."""
    try:
        code = cli.main(arguments, prog_name="python -m tuner", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_text:
        click.echo(help_text.format_message())
        return EXIT_USAGE
    except click.UsageError as error:
        where = f" (see {error.ctx.command_path} --help)" if error.ctx else ""
        return _fail(f"{' '.join(error.format_message().split())}{where}", EXIT_USAGE)
    except click.ClickException as error:
        return _fail(error.format_message(), EXIT_USAGE)
    except TunerError as error:
        return _fail(message_of(error), EXIT_USAGE if isinstance(error, InputError) else EXIT_FAILED)
    except (KeyboardInterrupt, click.Abort, Interrupted):
        return _fail("interrupted before there was anything to keep", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of a pipe had enough (`tuner rank RUN | head`). Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:
        if error.errno in _UNUSABLE_PATH:
            return _fail(
                f"{shown(str(error.filename), 200)}: cannot be used ({error.strerror}); give a path that you may read and "
                "write",
                EXIT_USAGE,
            )
        if error.errno not in _NO_ROOM:
            raise
        return _fail(
            f"{error.strerror}: make room and try again; a search goes on with `python -m tuner resume RUN`",
            EXIT_FAILED,
        )
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int) -> int:
    click.echo(f"error: {' '.join(message.split())}", err=True)
    return code
