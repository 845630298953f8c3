"""The size of a model from its checkpoint."""

import math
from pathlib import Path


def checkpoint_parameters(file: Path) -> int | None:
    """How many numbers a Keras ``.weights.h5`` file holds beside the optimizer's; None where there is no such file.

    Only shapes are read. Weights that are not trained (of a batch normalisation) count, the states of random generators do not.
    """
    import h5py

    total = 0

    def add(name: str, item: object) -> None:
        nonlocal total
        if isinstance(item, h5py.Dataset) and not {"optimizer", "seed_generator"} & set(name.split("/")):
            total += math.prod(item.shape)

    try:
        with h5py.File(file) as checkpoint:
            checkpoint.visititems(add)
    except OSError:  # not there, cut short, or something else
        return None
    return total or None
