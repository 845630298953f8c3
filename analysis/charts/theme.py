"""How the charts look. Marks name a style, and a palette says what colour it has: one chart serves light, dark and print."""

from dataclasses import asdict, dataclass, fields
from typing import Any

import altair as alt

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
