"""The search: searchers and schedulers as plain classes, and the adapters that let Ray Tune run them."""

import sys

from tuner.callable_package import CallablePackage

sys.modules[__name__].__class__ = CallablePackage  # tuner.search(...) is tuner.api.functions.search
