"""Draws the picture of the front page again, from the run that is shipped: ``python analysis/images/draw.py``."""

from pathlib import Path

from analysis import charts, load, references

HERE = Path(__file__).parent


def main(folder: Path = HERE) -> None:
    """Writes ``frontier.png`` into a folder."""
    run = load(HERE.parent / "sample_run")
    charts.save(charts.frontier(run.trials, references=references(run)), folder / "frontier.png")


if __name__ == "__main__":
    main()
