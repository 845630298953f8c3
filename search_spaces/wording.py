"""Words for messages."""

import difflib


def did_you_mean(name: str, known: tuple[str, ...]) -> str:
    """The nearest known name as a question, or all of them."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
