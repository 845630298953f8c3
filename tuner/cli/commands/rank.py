"""``tuner rank``."""

from pathlib import Path

import click


@click.command(short_help="Rank the trials of a run.")
@click.argument("run")
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, metavar="N", help="Rows to show.")
@click.option(
    "--by",
    type=click.Choice(["accuracy", "frontier"]),
    default="accuracy",
    show_default=True,
    help="Most accurate first, or the frontier first, from the smallest up.",
)
@click.option(
    "--runs-dir", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where runs are kept."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON alone on stdout.")
def rank(run: str, top: int, by: str, runs_dir: Path, as_json: bool) -> int:
    """Rank the trials of RUN (a name or a folder), running, interrupted or finished."""
    from tuner.cli.ranking import rank_command

    return rank_command(run, runs_dir, top=top, by="frontier" if by == "frontier" else "accuracy", as_json=as_json)
