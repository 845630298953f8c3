"""What the outputs of a user's own model mean."""

from typing import Any


def gives_logits(model: Any) -> bool:
    """Whether a compiled Keras model's outputs are logits, as its loss says, and not probabilities."""
    return bool(getattr(model.loss, "from_logits", False))
