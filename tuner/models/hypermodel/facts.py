"""What the builder of a model may ask about the data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class ModelFacts:
    """Values of the parameters that a builder can declare.

    Attributes:
        vocabulary_size: token ids, 0 to this less one; 0 is padding, 1 an unknown word.
        classes: labels in the data, 0 to this less one.
        max_length: most tokens of a text (``--max-length``).
        embedding_matrix: float32 ``[vocabulary_size, width]``, the word vectors of ``--vectors``; None without.
    """

    vocabulary_size: int
    classes: int
    max_length: int
    embedding_matrix: NDArray[np.float32] | None = None

    def by_name(self) -> dict[str, Any]:
        """The facts as keyword arguments."""
        return dict(vars(self))
