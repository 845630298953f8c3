"""``search.yaml``: all that was asked of a search and what it was resolved to."""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from search_spaces.reader import parse_domain
from search_spaces.space import Space
from tuner.errors import InputError
from tuner.runs.atomic import write_text_atomically


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataSettings(_Settings):
    """The data, how they were read, and what they were found to be."""

    source: str
    text_column: str
    label_column: str
    split_column: str | None
    data_dir: str
    fingerprint: str
    label_names: tuple[str, ...]
    train: int
    validation: int
    test: int
    majority: float | None = None
    """Validation accuracy of always giving the most frequent label of the training part."""
    split_seed: int
    stop_words: bool
    characters: bool
    min_freq: int
    max_tokens: int
    max_length: int
    vocabulary_size: int


class SchedulerSettings(_Settings):
    """Early stopping."""

    name: Literal["asha", "none"]
    grace_period: int
    reduction_factor: int


class ResourceSettings(_Settings):
    """What a trial takes and where the search runs."""

    cpus_per_trial: float
    gpus_per_trial: float
    concurrency: int
    address: str | None


class SearchSettings(_Settings):
    """Everything that a search is a function of, beside the code and the machine."""

    name: str
    created: str
    data: DataSettings
    space: dict[str, Any]
    trials: int
    epochs: int
    searcher: Literal["random", "grid"]
    scheduler: SchedulerSettings
    seed: int
    max_params: int | None
    time_budget: float | None
    resources: ResourceSettings
    versions: dict[str, str]

    def resolved_space(self) -> Space:
        """The space that trials are drawn from, ``--set`` included."""
        parameters = {name: parse_domain(name, body) for name, body in self.space["parameters"].items()}
        return Space(self.space["name"], parameters, self.space.get("description", ""))


def write_settings(path: Path, settings: SearchSettings) -> None:
    """Writes ``search.yaml``."""
    text = yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)
    write_text_atomically(path, text)


def read_settings(path: Path) -> SearchSettings:
    """Reads ``search.yaml``.

    Raises:
        InputError: where it is not there or not what a search wrote.
    """
    try:
        return SearchSettings.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); is this the folder of a search?") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        where = (
            ".".join(str(part) for part in error.errors()[0]["loc"]) if isinstance(error, ValidationError) else "YAML"
        )
        raise InputError(f"{path}: is not what a search wrote ({where}); restore the file") from None
