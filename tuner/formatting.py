"""How values, counts, lists and times stand in one-line messages."""

from collections.abc import Iterable


def shown(value: object, limit: int = 60) -> str:
    """Return `value` as a message shows it: on one line, escaped, in quotes if text, cut after `limit` characters."""
    text = repr(value[: limit + 1] if isinstance(value, str) else value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def epochs_text(epochs: float) -> str:
    """Epochs without needless digits: "8", "0.25", "1.333"."""
    return f"{epochs:,.0f}" if epochs == int(epochs) else f"{epochs:.3f}".rstrip("0")


def counted(number: float, noun: str) -> str:
    """Return `number` with thousands separators and `noun` in singular or plural: "1 row", "2,500 rows", "0.25 epochs"."""
    plural = noun + ("es" if noun.endswith(("s", "x")) else "s")
    return f"{epochs_text(number)} {noun if number == 1 else plural}"


def listed(names: Iterable[object], limit: int = 12) -> str:
    """Return `names` separated by commas, at most `limit` of them, with the number of those left out."""
    every = [shown(name) for name in names]
    rest = len(every) - limit
    return ", ".join(every[:limit]) + (f" and {rest:,} more" if rest > 0 else "")


def share_text(share: float) -> str:
    """Return a share of 0 to 1 in percent, with a decimal where it is small: what is rare is never 0%."""
    if 0 < share < 0.001:
        return "<0.1%"
    return f"{share:.1%}" if 0 < share < 0.1 or 0.9 < share < 1 else f"{share:.0%}"


def duration_text(seconds: float) -> str:
    """``42 s``, ``3 min 20 s``, ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 5400:
        return f"{round(whole / 60)} min"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
