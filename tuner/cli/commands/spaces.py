"""``tuner spaces``."""

import click


@click.command(short_help="List the named spaces, or show one in full.")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON alone on stdout.")
def spaces(name: str | None, as_json: bool) -> int:
    """List the named spaces; with NAME, show that one in full (it is a YAML file to start your own from)."""
    from tuner.cli.spaces import spaces_command

    return spaces_command(name, as_json=as_json)
