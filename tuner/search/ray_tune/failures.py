"""What went wrong in a trial, in a line or two instead of Ray's traceback."""

import re

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_HEADING = re.compile(r"Failure # \d+ \(occurred at .*\)")
_DEATH = re.compile(r"The actor (?:died|is dead)|[Aa]ctor is unavailable|node .* (?:died|is dead)")
_DETAIL = re.compile(r"Worker exit detail: (.*?)(?: Some common causes| There are some potential|$)")
_LINES = 3
_LENGTH = 400


def describe_failure(trace: str) -> str:
    """The end of a worker's traceback, which names the error; for a worker that died, what Ray knows of its death."""
    lines = [line.strip() for line in _COLOUR.sub("", trace).splitlines()]
    lines = [line for line in lines if line and not _HEADING.fullmatch(line)]
    if not lines:
        return "the trial failed without a message"
    text = " ".join(lines)
    if _DEATH.search(text):
        detail = _DETAIL.search(text)
        known = detail[1] if detail else lines[0]
        return f"the worker process died (out of memory, killed, or crashed): {known}"[:_LENGTH]
    return " | ".join(lines[-_LINES:])[-_LENGTH:]
