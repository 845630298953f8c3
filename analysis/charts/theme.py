"""What all charts share: colours and fonts, their data, axes, and saving them as files."""

import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd

from analysis.costs import COSTS
from analysis.descriptions import size_ticks
from tuner.errors import InputError
from tuner.metrics import Objective
from tuner.runs.atomic import write_bytes_atomically, write_text_atomically

WIDTH, HEIGHT = 560, 320


@dataclass(frozen=True)
class Palette:
    """A colour for each role. ``series`` colours tell lines apart and are distinguishable without red against green."""

    paper: str
    ink: str
    muted: str
    rule: str
    accent: str
    second: str
    series_1: str
    series_2: str
    series_3: str
    series_4: str
    series_5: str

    @property
    def series(self) -> list[str]:
        """The colours of lines, in order."""
        return [self.series_1, self.series_2, self.series_3, self.series_4, self.series_5]


LIGHT = Palette(
    paper="#fcfcfa", ink="#1b1f23", muted="#66707a", rule="#e3e4df", accent="#1d5c9e", second="#c4561b",
    series_1="#1d5c9e", series_2="#c4561b", series_3="#2b7f62", series_4="#86509c", series_5="#94741a",
)  # fmt: skip
DARK = Palette(
    paper="#15181b", ink="#e7e9eb", muted="#98a2ab", rule="#2c3237", accent="#74aeea", second="#f2985f",
    series_1="#74aeea", series_2="#f2985f", series_3="#6cc3a2", series_4="#c795dc", series_5="#d9b85c",
)  # fmt: skip
CSS = Palette(**{field.name: f"var(--{field.name.replace('_', '-')})" for field in fields(Palette)})
"""For a page that defines the colours itself, and may change them."""


def css_variables(palette: Palette) -> str:
    """The palette as declarations that ``CSS`` refers to."""
    return " ".join(f"--{name.replace('_', '-')}: {colour};" for name, colour in asdict(palette).items())


def config(palette: Palette) -> dict[str, Any]:
    """The Vega-Lite configuration of a palette."""
    axis = {
        "domain": False, "ticks": False, "grid": True, "gridColor": palette.rule, "labelColor": palette.muted,
        "titleColor": palette.muted, "titleFontWeight": "normal", "labelPadding": 6, "titlePadding": 10,
        "labelFontSize": 11, "titleFontSize": 11,
    }  # fmt: skip
    line = {"filled": False, "strokeCap": "round", "strokeJoin": "round"}
    return {
        "background": "transparent" if palette is CSS else palette.paper,
        "font": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
        "view": {"stroke": None},
        "axis": axis,
        "axisX": {"grid": False, "domain": True, "domainColor": palette.rule},
        "legend": {
            "labelColor": palette.ink, "titleColor": palette.muted, "titleFontWeight": "normal", "orient": "top",
            "labelFontSize": 11, "titleFontSize": 11, "symbolStrokeWidth": 2.5, "offset": 8,
        },
        "title": {"color": palette.ink, "fontSize": 13, "fontWeight": 600, "anchor": "start", "offset": 12},
        "range": {"category": palette.series},
        "style": {  # Vega-Lite reads a style's "color"; where a mark is filled, "stroke" is left to be its outline
            "trial": {"color": palette.muted, "fillOpacity": 0.4, "strokeOpacity": 0},
            "front-line": {"color": palette.accent, "strokeWidth": 1.5, **line},
            "front-point": {"color": palette.accent, "opacity": 1, "stroke": palette.paper, "strokeWidth": 1.5},
            "published": {"color": palette.series_4, "opacity": 0.75, "strokeWidth": 1.2},
            "baseline": {"color": palette.series_3, "opacity": 1, "strokeWidth": 1.8},
            "rival": {"color": palette.series_2, "opacity": 1, "strokeWidth": 1.8},
            "ensemble": {"color": palette.second, "opacity": 1, "strokeWidth": 1.8},
            "student": {"color": palette.series_2, "opacity": 1, "strokeWidth": 1.4},
            "baseline-line": {"color": palette.series_3, "strokeWidth": 1, "strokeDash": [5, 3]},
            "knee": {"color": palette.second, "opacity": 1, "stroke": palette.paper, "strokeWidth": 1.5},
            "picked": {"color": palette.ink, "opacity": 1, "strokeWidth": 1.5},
            "label": {"color": palette.ink, "fontSize": 11},
            "note": {"color": palette.muted, "fontSize": 11},
            "strong-line": {"color": palette.accent, "strokeWidth": 2, **line},
            "weak-line": {"color": palette.muted, "strokeWidth": 1.5, "strokeDash": [4, 3], **line},
            "mark-rule": {"color": palette.second, "strokeWidth": 1, "strokeDash": [3, 3]},
            "band": {"color": palette.accent, "fillOpacity": 0.14, "strokeOpacity": 0},
            "thin-range": {"color": palette.muted, "strokeWidth": 1, "strokeOpacity": 0.6},
            "thick-range": {"color": palette.accent, "strokeWidth": 6, "strokeOpacity": 0.32, "strokeCap": "round"},
            "middle": {"color": palette.accent, "opacity": 1, "stroke": palette.paper, "strokeWidth": 1},
            "amount": {"color": palette.accent, "cornerRadiusEnd": 2},
            "on-heat": {"color": palette.paper, "fontSize": 11},
            "heat": {"color": palette.accent, "stroke": palette.paper, "strokeWidth": 2},
        },
    }  # fmt: skip


def layered(*layers: alt.Chart) -> alt.LayerChart:
    """Charts drawn over one another, the last on top."""
    return alt.LayerChart(layer=list(layers))


def dressed(
    chart: alt.LayerChart, title: str | None, *, width: int = WIDTH, height: int | alt.Step = HEIGHT
) -> alt.LayerChart:
    """The chart with a size, a title where one is wanted, and the light look."""
    sized = chart.properties(width=width, height=height)
    titled = sized.properties(title=title) if title else sized
    dressed_chart: alt.LayerChart = titled.configure(**config(LIGHT))
    return dressed_chart


def nothing_to_draw(reason: str, title: str | None) -> alt.LayerChart:
    """A chart that says why it is empty."""
    text = alt.Chart(alt.InlineData(values=[{"reason": reason}])).mark_text(style="note", fontSize=12)
    return dressed(layered(text.encode(text="reason:N")), title, height=60)


def rows(table: pd.DataFrame, digits: int = 5) -> alt.InlineData:
    """The table's rows as plain values: missing ones as null, numbers rounded so that files stay small.

    They are one text of JSON, since Altair copies lists and dictionaries deeply at every step of building a chart.
    """
    columns = {str(name): [_plain(value, digits) for value in table[name].tolist()] for name in table.columns}
    records = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    text = json.dumps(records, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    return alt.InlineData(values=text, format=alt.JsonDataFormat(type="json"))


def _plain(value: Any, digits: int) -> Any:
    if isinstance(value, list):
        return [_plain(part, digits) for part in value]
    if isinstance(value, float):
        return round(value, digits) if math.isfinite(value) else None
    return None if pd.isna(value) else value


def value_format(objective: Objective, digits: int = 2) -> str:
    """How Vega writes a value of a metric: in percent with so many digits, or plain and as exact."""
    return f".{digits}%" if objective.metric.percent else f".{digits + 2}f"


def value_tooltip(field: str, objective: Objective, title: str | None = None) -> alt.Tooltip:
    """A value of a metric where one points at something, under the field's name where there is no title."""
    return alt.Tooltip(f"{field}:Q", title=title or alt.Undefined, format=value_format(objective))


def value_axis(field: str, values: "pd.Series[float]", objective: Objective, title: str | None) -> alt.Y:
    """Values of a metric, over the range that they have and a little more; never beyond what it can be."""
    known = values.dropna()
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    margin = max(0.08 * (high - low), 0.002)
    domain = list(objective.metric.bounded(low - margin, high + margin))
    scale = alt.Scale(domain=domain, nice=False, zero=False)
    form = value_format(objective, 1 if high - low < 0.06 else 0)
    return alt.Y(f"{field}:Q", title=title, scale=scale, axis=alt.Axis(format=form, tickCount=6))


def size_axis(field: str, sizes: "pd.Series[int]") -> alt.X:
    """Parameters, or another cost, on a logarithmic axis, with round sizes as marks."""
    low, high = (float(sizes.min()), float(sizes.max())) if len(sizes) else (1e3, 1e5)
    digits = (1, 3) if high / low > 500 else (1, 2, 5)
    cost = COSTS[field]
    axis = alt.Axis(
        values=size_ticks(low, high, digits), format="~g" if cost.digits else "~s", labelOverlap=True, labelFlush=False
    )
    scale = alt.Scale(type="log", domain=[low / 1.25, high * 1.25], nice=False)
    return alt.X(
        f"{field}:Q",
        title=f"{cost.title} (logarithmic)" if not cost.digits else f"{cost.noun} (ms, logarithmic)",
        scale=scale,
        axis=axis,
    )


_PIXELS_A_POINT = 2.0


def save(chart: alt.TopLevelMixin, path: str | Path) -> Path:
    """Writes the chart as PNG (at twice the size, for sharp screens) or SVG, by the ending of ``path``.

    Raises:
        InputError: for another ending, or where the file cannot be written.
    """
    import vl_convert

    path = Path(path)
    specification = chart.to_dict()
    if path.suffix not in (".png", ".svg"):
        raise InputError(f"{path}: a chart is saved as .png or .svg; received {path.suffix or 'no ending'!r}")
    try:
        if path.suffix == ".png":
            write_bytes_atomically(path, vl_convert.vegalite_to_png(specification, scale=_PIXELS_A_POINT))
        else:
            write_text_atomically(path, vl_convert.vegalite_to_svg(specification))
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another place") from None
    return path
