"""The index of an exported frontier, as Markdown."""

from typing import Any


def frontier_index(run: str, descriptions: list[dict[str, Any]]) -> str:
    """A table of the models by ascending parameters, each with a link to its folder.

    Args:
        run: name of the run.
        descriptions: the content of every model's ``export.json``.
    """
    rows = [
        f"| [{one['trial']}]({one['trial']}/README.md) | {one['parameters']:,} | {one['val_accuracy']:.4f} | "
        f"{'' if one['test_accuracy'] is None else format(one['test_accuracy'], '.4f')} | {_network(one['config'])} |"
        for one in descriptions
    ]
    head = [
        f"# Frontier of {run}",
        "",
        "No trial of the search was at once as small and more accurate, or as accurate and smaller, than one of these.",
        "",
        "| trial | parameters | validation accuracy | test accuracy | network |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    return "\n".join([*head, *rows]) + "\n"


def _network(config: dict[str, Any]) -> str:
    if "cell" not in config:  # an own model's
        return ", ".join(f"{name} {value}" for name, value in config.items())
    direction = "bi-" if config["bidirectional"] else ""
    return f"{direction}{config['cell']} {config['layers']}x{config['units']}, {config['pooling']} pooling"
