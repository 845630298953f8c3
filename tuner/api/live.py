"""The progress of a search in a notebook: a table and the frontier, redrawn in place.

The chart is a picture (SVG): the page of the notebook needs no network and no script for it, and swaps it without a flicker.
"""

import html
import time
from importlib import import_module
from typing import Any

import altair as alt
import pandas as pd

from analysis import charts
from analysis.descriptions import network_text
from tuner.cli.progress import Progress, Standing
from tuner.formatting import duration_text, epochs_text
from tuner.runs.search_state import SearchState, TrialRecord
from tuner.runs.tables import trials_table

_SECONDS_BETWEEN_TABLES = 0.5
_SECONDS_BETWEEN_CHARTS = 2.0
_SHARE_OF_CHARTS = 0.05
"""Of the time, at most: a chart is drawn by the process that the search runs in."""
_SECONDS_BETWEEN_CLOCKS = 5.0
"""Where nothing but the time has changed."""
_ROWS, _COLUMNS = 8, 6


def in_notebook() -> bool:
    """Whether this is the kernel of a notebook, which can redraw what it has displayed."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return getattr(get_ipython(), "kernel", None) is not None


class NotebookProgress(Progress):
    """Redraws a table, and below it the frontier chart, by two display handles."""

    def __init__(self, name: str, concurrency: int) -> None:
        self._name = name
        self._concurrency = concurrency
        self._started = time.monotonic()
        self._table_drawn = self._told_time = self._chart_due = 0.0
        self._most_rows = 0
        self._scored, self._told = -1, ""
        self._table: Any = None
        self._chart: Any = None

    def __enter__(self) -> "NotebookProgress":
        """Displays a line that says what takes so long."""
        line = f"<p>{html.escape(self._name)}: starting Ray and the workers ...</p>"
        self._table = _displayed(_html(line))
        return self

    def show(self, search_state: SearchState) -> None:
        """Redraws what has changed: the table at most twice a second, the chart at most every other second."""
        now = time.monotonic()
        if now - self._table_drawn >= _SECONDS_BETWEEN_TABLES:
            self._table_drawn = now
            self._draw_table(search_state)
        if now >= self._chart_due:
            self._draw_chart(search_state)
            done = time.monotonic()
            self._chart_due = done + max(_SECONDS_BETWEEN_CHARTS, (done - now) / _SHARE_OF_CHARTS)

    def end(self, search_state: SearchState) -> None:
        """Draws what the search came to."""
        self._most_rows = 0
        self._draw_table(search_state)
        self._draw_chart(search_state)

    def _draw_table(self, search_state: SearchState) -> None:
        now, standing, records = time.monotonic(), Standing(search_state, self._concurrency), _shown(search_state)
        self._most_rows = max(self._most_rows, len(records))  # the page below shall not jump when a trial ends
        rows = (
            "".join(map(_row, records)) + (self._most_rows - len(records)) * f"<tr>{_COLUMNS * '<td>&nbsp;</td>'}</tr>"
        )
        told = f"{standing.ended} {rows}"
        if told == self._told and now - self._told_time < _SECONDS_BETWEEN_CLOCKS:
            return
        self._told, self._told_time = told, now
        self._table.update(_html(self._content(search_state, standing, rows)))

    def _draw_chart(self, search_state: SearchState) -> None:
        scored = sum(len(record.epochs) for record in search_state.with_score())
        if scored == self._scored or not scored:
            return
        self._scored = scored
        trials: pd.DataFrame = trials_table(search_state).to_pandas()
        picture = _html(chart_html(charts.frontier(trials, objective=search_state.objective)))
        if self._chart is None:
            self._chart = _displayed(picture)
        else:
            self._chart.update(picture)

    def _content(self, search_state: SearchState, standing: Standing, rows: str) -> str:
        metric = search_state.objective.metric
        elapsed = duration_text(time.monotonic() - self._started)
        heads = ("trial", "status", "epoch", f"best {metric.title}", "parameters", "network")
        head = "".join(f"<th>{html.escape(name)}</th>" for name in heads)
        share = standing.ended / max(1, standing.planned)
        return (
            f"<p><b>{html.escape(self._name)}</b> <progress value='{share:.3f}'></progress> {elapsed}: "
            f"{html.escape(standing.text())}</p><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )


def chart_html(chart: alt.TopLevelMixin) -> str:
    """A chart as a picture in HTML. Its text is dark, so it keeps its paper on a dark page."""
    import vl_convert

    return f"<div style='max-width:100%;overflow:auto'>{vl_convert.vegalite_to_svg(chart.to_dict())}</div>"


def _displayed(content: Any) -> Any:
    """Displays something that is drawn again, and returns its handle."""
    display: Any = import_module("IPython.display")
    return display.display(content, display_id=True)


def _html(text: str) -> Any:
    display: Any = import_module("IPython.display")
    return display.HTML(text)


def _shown(search_state: SearchState) -> list[TrialRecord]:
    """Those that run, then the best that have ended."""
    running = [record for record in search_state.trials.values() if record.status == "running"]
    ended = sorted((r for r in search_state.with_score() if r.ended), key=lambda r: (-(r.score or 0.0), r.size))
    return [*running[:_ROWS], *ended[:_ROWS]]


def _row(record: TrialRecord) -> str:
    cells = (
        record.trial,
        record.status,
        epochs_text(record.last_epoch),
        "" if record.value is None else f"{record.value:.4f}",
        "" if record.parameters is None else f"{record.parameters:,}",
        network_text(record.config),
    )
    return f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"
