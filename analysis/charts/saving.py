"""Charts as files, drawn without a browser."""

from pathlib import Path

import altair as alt

from tuner.errors import InputError
from tuner.runs.atomic import write_bytes_atomically, write_text_atomically

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
