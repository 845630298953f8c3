"""CONTRIBUTING's diagram of the packages is that of their imports, and has all that the import contracts name."""

import re
import tomllib
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
ROOTS = ("search_spaces", "tuner", "analysis")
Arrow = tuple[str, str]

_BLOCK = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ARROW = re.compile(r"^ *([\w.]+) -->(?:\|[^|]+\|)? ([\w.]+)$", re.MULTILINE)


def layers() -> set[str]:
    """What the contract "Dependencies point one way" orders."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (ordered,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    return {name.strip() for layer in ordered for name in layer.split("|")}


def imports(nodes: set[str]) -> set[Arrow]:
    """From what is imported to what imports it: the way of the data."""
    graph = grimp.build_graph(*ROOTS, exclude_type_checking_imports=True)
    inside = {node: {node, *graph.find_descendants(node)} for node in nodes}
    home = {module: node for node, modules in inside.items() for module in modules}
    return {
        (home[imported], home[module])
        for module in home
        for imported in graph.find_modules_directly_imported_by(module)
        if imported in home and home[imported] != home[module]
    }


def reduced(arrows: set[Arrow]) -> set[Arrow]:
    """The arrows without those that others lead to (transitive reduction; there are no circles)."""

    def reachable(start: str, without: Arrow) -> set[str]:
        found, ahead = set(), [start]
        while ahead:
            here = ahead.pop()
            following = {end for begin, end in arrows - {without} if begin == here} - found
            found |= following
            ahead += following
        return found

    return {arrow for arrow in arrows if arrow[1] not in reachable(arrow[0], arrow)}


def drawn(text: str) -> list[Arrow]:
    """The arrows of the only Mermaid diagram of a guide."""
    (block,) = _BLOCK.findall(text)
    first, *lines = block.splitlines()
    assert first.startswith("flowchart ")
    arrows = _ARROW.findall(block)
    assert len(arrows) == len(lines), "each line but the first is an arrow"
    return arrows


def test_the_diagram_has_each_arrow_once_and_no_other():
    """What to write when this fails is the set on the right."""
    arrows = drawn((ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert sorted(arrows) == sorted(reduced(imports(layers())))


def test_every_package_is_in_the_contract():
    packages = {path.parent for path in ROOT.glob("tuner/*/__init__.py")} | {ROOT / "search_spaces", ROOT / "analysis"}
    assert {".".join(path.relative_to(ROOT).parts) for path in packages} - layers() == set()


def test_arrows_that_are_implied_are_left_out():
    assert reduced({("a", "b"), ("b", "c"), ("a", "c"), ("a", "d")}) == {("a", "b"), ("b", "c"), ("a", "d")}


def test_labels_of_arrows_are_read():
    assert drawn("```mermaid\nflowchart LR\n  a.b -->|token ids| c\n  c --> d\n```\n") == [("a.b", "c"), ("c", "d")]
