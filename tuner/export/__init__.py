"""Models that leave: SavedModels that take raw strings, Keras and LiteRT files, their cards, and predicting with them."""

import sys

from tuner.callable_package import CallablePackage

sys.modules[__name__].__class__ = CallablePackage  # tuner.export(...) is tuner.api.functions.export
