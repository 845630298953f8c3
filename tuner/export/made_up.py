"""Made-up texts, on which a file in another format is held against the SavedModel. Needs no data and no TensorFlow."""

import numpy as np
from numpy.typing import NDArray

from tuner.data.vocabulary import PADDING_ID

TOLERANCE = 1e-5
"""The greatest difference of a probability from that of the SavedModel."""

_TEXTS, _LONGEST = 48, 64


def made_up_texts(vocabulary_size: int, max_length: int) -> NDArray[np.int32]:
    """int32 ``[48, time]``: ids that the model knows and one that it does not, from 1 token to the longest, at most 64."""
    generator, longest = np.random.default_rng(0), min(max_length, _LONGEST)
    tokens = generator.integers(1, vocabulary_size + 1, (_TEXTS, longest), np.int32)
    lengths = np.linspace(1, longest, _TEXTS).round().astype(np.int32)
    return np.where(np.arange(longest) < lengths[:, None], tokens, PADDING_ID).astype(np.int32)
