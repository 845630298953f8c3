"""What the names of files say: which part of a split, which class, which shard, texts or labels, or that it is no data."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from tuner.data.reading.formats import without_endings
from tuner.data.reading.raw_table import part_of
from tuner.data.text_dataset import Split

_NO_DATA = re.compile(
    r".*readme.*|(licen[cs]e|changelog)(\..*)?|(citation|requirements|classes|vocab)\w*\.(txt|cff)"
    r"|(dataset_infos?|dataset_dict|state|meta|metadata|config|info)\.json"
    r"|.*\.(md|rst|py|ipynb|html?|pdf|png|jpe?g|gif|ya?ml|toml|sh|log|crc|lock|bib)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_NUMBERS = re.compile(r"(?<![A-Za-z])[0-9a-f]*\d[0-9a-f]*(?![A-Za-z])")
_TEXT_WORDS = {"text", "texts", "sentence", "sentences", "data", "x", "input", "inputs", "docs", "documents", "reviews"}
_LABEL_WORDS = {"label", "labels", "y", "target", "targets", "class", "classes", "tags", "intent", "intents"}


def is_no_data(name: str) -> bool:
    """Returns whether a file of this name is about the data, a program or a picture."""
    return _NO_DATA.fullmatch(name) is not None


def part_in(name: str) -> Split | None:
    """Returns the part that a name of a file or a key holds as a word ("imdb_train-00.csv"), None without exactly one."""
    words = (word.lower() for word in _WORD.findall(name))
    parts = {part_of(word.removesuffix("set").removesuffix("data")) for word in words} - {None}
    return next(iter(parts)) if len(parts) == 1 else None


def text_and_label_files(paths: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Yields the text files that have a label file of the same name but for the words that say so, and these."""
    roles: defaultdict[tuple[str, ...], dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for path in paths:
        words = [word.lower() for word in _WORD.findall(path.name.removesuffix(".txt"))]
        role = "label" if _LABEL_WORDS & set(words) else "text" if _TEXT_WORDS & set(words) else "plain"
        roles[tuple(word for word in words if word not in _TEXT_WORDS | _LABEL_WORDS)][role].append(path)
    for found in roles.values():
        texts = found["text"] or found["plain"]
        if len(texts) == len(found["label"]) == 1:
            yield texts[0], found["label"][0]


def are_shards(names: Sequence[str]) -> bool:
    """Returns whether names differ in numbers only, or are of the parts that Spark writes."""
    return all(name.startswith("part-") for name in names) or len({_NUMBERS.sub("#", name) for name in names}) == 1


def class_names(paths: Sequence[Path]) -> list[str]:
    """Returns what the names of files do not have in common, none where that is nothing or a number."""
    names = [re.split(r"([^A-Za-z0-9]+)", without_endings(path.name)) for path in paths]
    for end in (0, -1):
        while all(len(name) > 1 for name in names) and len({name[end] for name in names}) == 1:
            for name in names:
                del name[end]
    classes = ["".join(name).strip("-_. ") for name in names]
    is_told = len(set(classes)) == len(classes) and all(classes) and not all(map(str.isdecimal, classes))
    return classes if is_told else []
