"""Draws the pictures of the guides again, from the run that is shipped: ``python analysis/images/draw.py``."""

from pathlib import Path

from analysis import charts, load, references

HERE = Path(__file__).parent


def main() -> None:
    """Writes ``frontier.png``."""
    run = load(HERE.parent / "sample_run")
    chart = charts.frontier(run.trials, references=references(run), objective=run.objective)
    charts.save(chart, HERE / "frontier.png")


if __name__ == "__main__":
    main()
