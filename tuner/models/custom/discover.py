"""The process that discovers a model's space: ``python -m tuner.models.custom.discover REQUEST ANSWER``.

It is one of its own, because the driver of a search imports no TensorFlow, takes no GPU, and should outlive whatever the user's
module does. What it says goes into the file ANSWER, because the module may print.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tuner.models.custom.finding import HyperModelError, ModelFacts
from tuner.models.custom.source import loaded_from


def main(request: Path, answer: Path) -> None:
    """Reads a request (``name``, ``root``, ``facts``, ``vectors``), and answers with ``error``, or ``space`` and ``files``."""
    asked = json.loads(request.read_text(encoding="utf-8"))
    try:
        content = _discovered(asked)
    except HyperModelError as error:
        content = {"error": str(error)}
    answer.write_text(json.dumps(content), encoding="utf-8")


def _discovered(asked: dict[str, Any]) -> dict[str, Any]:
    root = Path(asked["root"])
    sys.path.insert(0, str(root))
    from tuner.models.device import prepare_own_process

    prepare_own_process(1)
    import numpy as np

    from search_spaces.documents import space_document
    from search_spaces.keras_tuner_bridge import from_hyperparameters
    from tuner.models.custom.discovery import discover
    from tuner.models.custom.finding import find_build, takes

    vectors = None if asked["vectors"] is None else np.load(asked["vectors"], allow_pickle=False)
    facts = ModelFacts(**asked["facts"], embedding_matrix=vectors)
    build = find_build(asked["name"], facts, root=root)
    if vectors is not None and not takes("embedding_matrix", asked["name"], root=root):
        raise HyperModelError(
            "does not take embedding_matrix, so `vectors` would be of no use; declare it, or leave them out"
        )
    declared = discover(build, facts, root=root)
    try:
        space = from_hyperparameters(declared, name=asked["name"], own=True)
    except ValueError as error:
        raise HyperModelError(f"declares a space that cannot be searched: {error}") from None
    return {"space": space_document(space), "files": loaded_from(root, list(sys.modules.values()))}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
