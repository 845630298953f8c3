"""A model on the validation texts of its search, which are read again from where the search read them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tuner.data.encoded import EncodedDataset
from tuner.errors import InputError
from tuner.runs.settings import SearchSettings
from tuner.search.prepare import prepare_again

_MOST_TEXTS = 1_000  # an interpreter takes them one at a time, 20 to 50 ms for a film review

Logits = Callable[[NDArray[np.int32]], NDArray[np.float32]]
"""From the token ids of one text ``[1, time]`` to its logits ``[1, outputs]``."""


class ValidationTexts:
    """The encoded validation texts, or 1,000 of them, evenly spaced.

    Attributes:
        note: says so where not all of them are taken.
    """

    def __init__(self, settings: SearchSettings) -> None:
        """Reads the data once more.

        Raises:
            InputError: where they are not at hand (an export may happen on another machine) or have changed.
        """
        self._texts: EncodedDataset = prepare_again(settings).encoded.validation
        count = len(self._texts)
        rows = np.unique(np.linspace(0, count - 1, min(count, _MOST_TEXTS)).astype(np.int64))
        # By length, so that an interpreter has to lay out its memory once for every length only.
        self._rows = rows[np.argsort(self._texts.lengths[rows], kind="stable")]
        self.note = None if len(rows) == count else f"on {len(rows):,} of the {count:,} validation texts"

    def accuracy(self, logits: Logits) -> float:
        """Share of right answers."""
        texts, right = self._texts, 0
        for row in self._rows:
            outputs = logits(texts.tokens[None, texts.offsets[row] : texts.offsets[row + 1]])[0]
            answer = int(outputs[0] > 0.0) if len(outputs) == 1 else int(outputs.argmax())
            right += answer == int(texts.labels[row])
        return right / len(self._rows)


def validation_texts(settings: SearchSettings) -> ValidationTexts | str:
    """The validation texts, or one line that says why there are none here."""
    try:
        return ValidationTexts(settings)
    except InputError as error:
        return f"not measured: {error}"
