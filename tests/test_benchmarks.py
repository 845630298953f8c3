"""Benchmarks are no timed tests, and seldom run: what they import from here and from one another is there."""

import ast
import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "benchmarks"
SCRIPTS = sorted(FOLDER.glob("*.py"))
OURS = {"search_spaces", "tuner", "analysis", "support"}


def names_of(script: Path) -> set[str]:
    """What a script defines, assigns or imports at its top level."""
    found = set()
    for node in ast.parse(script.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
    return found


def is_there(module: str, name: str) -> bool:
    """Whether a script or a module of ours has a name. Neither is run."""
    script = FOLDER / f"{module}.py"
    if not script.exists():
        script = Path(importlib.util.find_spec(module).origin)
    text = script.read_text("utf-8")
    named_lazily = script.name == "__init__.py" and f'"{name}"' in text
    return name in names_of(script) or named_lazily or script.with_name(f"{name}.py").exists()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_what_a_benchmark_imports_is_there(script):
    imports = [node for node in ast.walk(ast.parse(script.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
    asked = [(node.module, alias.name) for node in imports for alias in node.names if node.module]
    asked = [one for one in asked if one[0].split(".")[0] in OURS or (FOLDER / f"{one[0]}.py").exists()]
    assert [one for one in asked if not is_there(*one)] == []
