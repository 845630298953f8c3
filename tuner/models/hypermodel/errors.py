"""What is wrong with a user's own model, in one line."""

import traceback
from pathlib import Path

_LENGTH = 300


class HyperModelError(Exception):
    """Something about a user's own model that the user has to mend. The message is one line with the remedy."""


def raised_by(error: BaseException, root: Path) -> str:
    """An error of the user's code in one line: type, message, and the last line of a file below ``root`` that it passed."""
    text = " ".join(str(error).split())
    text = text if len(text) <= _LENGTH else text[: _LENGTH - 1] + "…"
    shown = f"{type(error).__name__}: {text}" if text else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        frame for frame in frames if Path(frame.filename).is_relative_to(root) and "site-packages" not in frame.filename
    ]
    return f"{shown} ({Path(own[-1].filename).relative_to(root)}, line {own[-1].lineno})" if own else shown
