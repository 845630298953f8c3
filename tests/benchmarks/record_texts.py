"""Records what networks reach with more and more texts to train on.

    python tests/benchmarks/record_texts.py --data FILE [--data FILE ...] [--work DIR]

Two networks of the portfolio, of some 6,000 and 50,000 parameters, on each data set and on the generated corpus: 375 to 3,000
training texts, twice as many each time, as far as there are so many; 8 epochs, always validated on the same 1,500. One thread;
half an hour of a processor. As with ``record_frontier.py``, what is in the working folder is not trained again; at its end,
what is there is written to ``recorded/texts.parquet``.
"""

import sys
from pathlib import Path

import click
import pandas as pd
from record_frontier import curve, prepared

from search_spaces.config import TrialConfig
from search_spaces.named import named_space
from search_spaces.portfolio import portfolio_in
from tuner.data.pipeline import BUILT_IN
from tuner.models.device import quiet_tensorflow
from tuner.runs.atomic import write_atomically

TABLE = Path(__file__).parent / "recorded" / "texts.parquet"
TEXTS = [375 * 2**power for power in range(4)]
NETWORKS = (5, 1)
"""Their places in the portfolio."""


def record(sources: tuple[str, ...], work: Path) -> None:
    """Trains what is not there yet."""
    points = portfolio_in(named_space("frontier"), seed=0)
    for number in NETWORKS:
        config = points[number]
        assert isinstance(config, TrialConfig)
        for texts in TEXTS:
            for source in (BUILT_IN, *sources):
                name = "corpus" if source == BUILT_IN else Path(source).stem
                path = work / f"{name}-{number:02d}-{texts}.parquet"
                if path.exists():
                    continue
                context, scorer = prepared(source, texts)
                there = len(context.data.train)
                if there < texts:
                    continue
                rows = pd.DataFrame(curve(context, config, number, scorer))
                rows.insert(0, "data", name)
                rows.insert(1, "texts", texts)
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(path, lambda temporary, rows=rows: rows.to_parquet(temporary, index=False))
                print(f"{name} {number:02d} {texts:,}: {rows['val_accuracy'].max():.4f}", flush=True)
    table = pd.concat([pd.read_parquet(path) for path in sorted(work.glob("*.parquet"))], ignore_index=True)
    table.drop(columns="drawn").to_parquet(TABLE, index=False, compression="zstd")


@click.command()
@click.option("--data", "sources", multiple=True, help="A data set, as search reads it.")
@click.option("--work", type=click.Path(path_type=Path), default=Path("runs/texts"), help="Where trials are kept.")
def main(sources: tuple[str, ...], work: Path) -> None:
    """Trains what is not there yet, and writes the table."""
    quiet_tensorflow(1)
    record(sources, work)


if __name__ == "__main__":
    sys.exit(main())
