"""``tuner spaces``."""

import json

import click
import yaml
from rich.padding import Padding
from rich.text import Text

from search_spaces.documents import SpaceError, space_document
from search_spaces.experiment import named_experiment
from search_spaces.named import named_space, named_spaces
from search_spaces.space import Space
from tuner.cli.terminal import Terminal
from tuner.errors import InputError


def spaces_command(name: str | None, *, as_json: bool) -> int:
    """Prints all spaces, or one."""
    console = Terminal()
    if name is not None:
        try:
            document = space_document(named_space(name))
            experiment = named_experiment(name)
        except SpaceError as error:
            raise InputError(str(error)) from None
        if experiment is not None:
            document["experiment"] = experiment.model_dump(mode="json", exclude_unset=True)
        if as_json:
            click.echo(json.dumps(document))
        else:
            text = yaml.safe_dump(document, sort_keys=False, width=100, default_flow_style=None, allow_unicode=True)
            console.print(text, end="", soft_wrap=True)
        return 0
    found = [named_space(space) for space in named_spaces()]
    if as_json:
        click.echo(json.dumps([space_document(space) for space in found]))
        return 0
    for space in found:
        report = _report(space.name)
        console.print(Text.assemble((space.name, "bold"), f"  ({_size(space)}{f'; {report}' if report else ''})"))
        console.print(Padding(space.description, (0, 0, 1, 2)))
    console.print(
        "python -m tuner spaces NAME shows one in full, python -m tuner reproduce NAME runs an experiment", style="dim"
    )
    return 0


def _report(name: str) -> str:
    experiment = named_experiment(name)
    if experiment is None:
        return ""
    return f"experiment of report {experiment.report}" if experiment.report else "experiment"


def _size(space: Space) -> str:
    size = space.grid_size()
    return f"{size:,} configurations" if size is not None else f"continuous in {', '.join(space.continuous())}"
