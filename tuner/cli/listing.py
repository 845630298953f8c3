"""What ``tuner spaces`` prints."""

import json

import click
import yaml
from rich.padding import Padding

from search_spaces.named import named_space, named_spaces
from search_spaces.reader import SpaceError, space_document
from search_spaces.space import Space
from tuner.cli.terminal import Terminal
from tuner.errors import InputError


def spaces_command(name: str | None, *, as_json: bool) -> int:
    """Prints all spaces, or one."""
    console = Terminal()
    if name is not None:
        try:
            document = space_document(named_space(name))
        except SpaceError as error:
            raise InputError(str(error)) from None
        if as_json:
            click.echo(json.dumps(document))
        else:
            text = yaml.safe_dump(document, sort_keys=False, width=100, default_flow_style=None, allow_unicode=True)
            console.print(text, end="", markup=False, soft_wrap=True)
        return 0
    found = [named_space(space) for space in named_spaces()]
    if as_json:
        click.echo(json.dumps([space_document(space) for space in found]))
        return 0
    for space in found:
        console.print(f"[bold]{space.name}[/bold]  ({_size(space)})")
        console.print(Padding(space.description, (0, 0, 1, 2)))
    console.print("python -m tuner spaces NAME shows one in full", style="dim")
    return 0


def _size(space: Space) -> str:
    size = space.grid_size()
    return f"{size:,} configurations" if size is not None else f"continuous in {', '.join(space.continuous())}"
