"""Finds what ``package.module:name`` means: a HyperModel, or a function ``build(hp)``."""

import importlib
import inspect
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.wording import did_you_mean

_LENGTH = 300


class HyperModelError(Exception):
    """Something about a custom model that the user has to correct. The message is one line with the remedy."""


def raised_by(error: BaseException, root: Path) -> str:
    """An error of the user's code in one line: type, message, and the last line of a file below ``root`` that it passed."""
    text = " ".join(str(error).split())
    text = text if len(text) <= _LENGTH else text[: _LENGTH - 1] + "…"
    shown = f"{type(error).__name__}: {text}" if text else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        frame for frame in frames if Path(frame.filename).is_relative_to(root) and "site-packages" not in frame.filename
    ]
    return f"{shown} ({Path(own[-1].filename).relative_to(root)}, line {own[-1].lineno})" if own else shown


@dataclass(frozen=True, eq=False)
class ModelFacts:
    """Values of the parameters that a builder can declare.

    Attributes:
        vocabulary_size: token ids, 0 to this less one; 0 is padding, 1 an unknown word.
        classes: labels in the data, 0 to this less one.
        max_length: most tokens of a text.
        embedding_matrix: float32 ``[vocabulary_size, width]``, the word vectors; None without.
    """

    vocabulary_size: int
    classes: int
    max_length: int
    embedding_matrix: NDArray[np.float32] | None = None

    def by_name(self) -> dict[str, Any]:
        """The facts as keyword arguments."""
        return dict(vars(self))


Build = Callable[[Any], Any]
"""Takes KerasTuner's ``HyperParameters``, returns what should be a compiled Keras model."""


def find_build(name: str, facts: ModelFacts, *, root: Path) -> Build:
    """The function that builds the model, with what it declares of the facts already given.

    Args:
        name: ``package.module:name`` of a HyperModel (class or instance) or a function whose first parameter is ``hp``.
        facts: of the data. A parameter of the same name, keyword or not, gets its value.
        root: the folder whose files are the user's own; errors name lines in them.

    Raises:
        HyperModelError: where there is no such thing.
    """
    found = _found(name, root)
    if inspect.isclass(found):
        found = _instance(name, found, facts, root)
    hypermodel = _hypermodel_class()
    if isinstance(found, hypermodel):
        if type(found).fit is not hypermodel.fit:
            raise HyperModelError(
                f"{type(found).__name__} has a fit of its own, which is not called here: epochs and batches are the search's; "
                "move its hyperparameters into build (batch_size is read from there)"
            )
        # ``__init__`` of a HyperModel hides the signature of build behind a wrapper's.
        given = _given(f"{type(found).__name__}.build", type(found).build, facts, leading=2)
        build, declare = found.build, found.declare_hyperparameters

        def declare_and_build(hp: Any) -> Any:
            declare(hp)
            return build(hp, **given)

        return declare_and_build
    if not callable(found):
        raise HyperModelError(
            f"{name.partition(':')[2]} is a {type(found).__name__}; give a function build(hp) or a keras_tuner.HyperModel"
        )
    function: Callable[..., Any] = found
    given = _given(name.partition(":")[2], function, facts, leading=1)
    return lambda hp: function(hp, **given)


def takes(parameter: str, name: str, *, root: Path) -> bool:
    """Whether what ``name`` means declares a parameter of that name."""
    found = _found(name, root)
    functions: list[Callable[..., Any]]
    if inspect.isclass(found):
        hypermodel: Any = found
        functions = [hypermodel.__init__, hypermodel.build]
    else:
        functions = [type(found).build] if isinstance(found, _hypermodel_class()) else [found]
    return any(parameter in inspect.signature(function).parameters for function in functions)


def _found(name: str, root: Path) -> Any:
    """What the name says, whatever it is."""
    module_name, colon, attribute = name.partition(":")
    if not (module_name and colon and attribute.isidentifier()):
        raise HyperModelError("needs package.module:name, for instance my_models:build")
    if "/" in module_name or module_name.endswith(".py"):
        dotted = module_name.removesuffix(".py").removeprefix("./").replace("/", ".")
        raise HyperModelError(f"{module_name} is a file; name its module: {dotted}:{attribute}")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise HyperModelError(
                f"there is no module {error.name} in {root} or installed; start from the folder that holds it"
            ) from None
        raise HyperModelError(f"{module_name} needs the module {error.name}, which is not installed here") from None
    except BaseException as error:  # noqa: BLE001  whatever a module does when it is imported, sys.exit included
        raise HyperModelError(f"importing {module_name} raised {raised_by(error, root)}") from None
    try:
        return getattr(module, attribute)
    except AttributeError:
        names = tuple(known for known in vars(module) if not known.startswith("_"))
        raise HyperModelError(f"{module_name} has no {attribute}; {did_you_mean(attribute, names)}") from None


def _hypermodel_class() -> Any:
    from keras_tuner import HyperModel

    return HyperModel


def _instance(name: str, found: Any, facts: ModelFacts, root: Path) -> Any:
    if not issubclass(found, _hypermodel_class()):
        raise HyperModelError(
            f"{found.__name__} is a class but no keras_tuner.HyperModel; derive it from that, or give a function build(hp)"
        )
    given = _given(f"{found.__name__}.__init__", found.__init__, facts, leading=1)
    try:
        return found(**given)
    except Exception as error:  # noqa: BLE001  the user's code
        raise HyperModelError(f"{name.partition(':')[2]}() raised {raised_by(error, root)}") from None


def _given(what: str, function: Callable[..., Any], facts: ModelFacts, *, leading: int) -> Mapping[str, Any]:
    """The facts that a function declares as parameters, behind the ``leading`` ones that are given anyway."""
    parameters = list(inspect.signature(function).parameters.values())
    if len(parameters) < leading and not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        raise HyperModelError(f"{what} takes no hp; its first parameter must be KerasTuner's HyperParameters")
    known, given = facts.by_name(), {}
    for parameter in parameters[leading:]:
        if parameter.name in known:
            given[parameter.name] = known[parameter.name]
        elif parameter.default is parameter.empty and parameter.kind not in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        ):
            raise HyperModelError(
                f"{what} has an unknown required parameter {parameter.name}; it can have {', '.join(known)}, "
                "and others need a default"
            )
    return given
