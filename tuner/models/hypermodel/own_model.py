"""A user's own model in a worker: found once, built for every trial."""

from collections.abc import Mapping
from typing import Any

import keras

from tuner.models.hypermodel.building import BuiltModel, build_trial
from tuner.models.hypermodel.facts import ModelFacts
from tuner.models.hypermodel.finding import find_build
from tuner.models.hypermodel.source import ModelSource


class OwnModel:
    """What ``--hypermodel`` names, ready to be built."""

    def __init__(self, source: ModelSource, facts: ModelFacts) -> None:
        """Imports the modules.

        Raises:
            HyperModelError: where they cannot be imported.
        """
        source.make_importable()
        self._facts = facts
        self._build = find_build(source.name, facts, root=source.root)

    def built(self, values: Mapping[str, Any], *, seed: int) -> BuiltModel:
        """The model of these hyperparameters; the seed, 32 bits, decides its weights and whatever else it draws.

        Raises:
            HyperModelError: where it is no model for these data.
            Exception: whatever the user's code raises.
        """
        keras.utils.clear_session()  # names and graphs of the models before, which Keras keeps
        keras.utils.set_random_seed(seed)
        return build_trial(self._build, values, self._facts)
