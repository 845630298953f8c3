"""``tuner report``."""

from pathlib import Path

import click

from tuner.cli.parsing import runs_dir_option


@click.command(short_help="Write the report of a run as one HTML file.")
@click.argument("run")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="F", help="The file.  [default: RUN/report.html]"
)
@runs_dir_option
def report(run: str, out: Path | None, runs_dir: Path) -> int:
    """Write what RUN (a name or a folder) found as one HTML file that opens without a network."""
    from tuner.cli.report import report_command

    return report_command(run, runs_dir, out=out)
