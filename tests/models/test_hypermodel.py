"""A custom model: what it can be, what is discovered of it, and every way in which it is none."""

import importlib
import itertools
import sys

import pytest

from search_spaces.domains import Choice, Grid, Integer, LogUniform
from search_spaces.expressions import Condition
from search_spaces.keras_tuner_bridge import from_hyperparameters
from tuner.models.custom.finding import HyperModelError
from tuner.models.custom.source import ModelSource, loaded_from

pytestmark = pytest.mark.tensorflow

HEAD = "import keras\nimport keras_tuner\nlayers = keras.layers\n"
MODEL = """
def network(classes, units=4, time=None, activation="softmax"):
    return keras.Sequential([
        keras.Input((time,), dtype="int32"), layers.Embedding(50, 4), layers.GlobalAveragePooling1D(), layers.Dense(units),
        layers.Dense(classes, activation=activation),
    ])

def compiled(model, loss="sparse_categorical_crossentropy"):
    model.compile("adam", loss, metrics=["accuracy"])
    return model
"""
numbers = itertools.count()


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module of a user's and returns its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(text):
        name = f"custom_{next(numbers)}"
        (tmp_path / f"{name}.py").write_text(HEAD + MODEL + text)
        return name

    yield write
    for name in [name for name in sys.modules if name.startswith("custom_")]:
        del sys.modules[name]


def facts(classes=3, **more):
    from tuner.models.custom.finding import ModelFacts

    return ModelFacts(vocabulary_size=50, classes=classes, max_length=20, **more)


def discovered(name, root, **more):
    from tuner.models.custom.discovery import discover
    from tuner.models.custom.finding import find_build

    found = facts(**more)
    return discover(find_build(name, found, root=root), found, root=root)


def space_of(name, root, **more):
    return from_hyperparameters(discovered(name, root, **more), name=name, own=True)


SCOPED = """
def build(hp, classes):
    depth = hp.Int("depth", 1, 2)
    units = hp.Choice("units", [4, 8, 32], default=8)
    with hp.conditional_scope("depth", [2]):
        second = hp.Int("second units", 2, 6, step=2)
        kind = hp.Choice("kind", ["wide", "deep"])
        with hp.conditional_scope("kind", ["deep"]):
            hp.Boolean("normalised")
    hp.Float("rate", 1e-3, 1e-1, sampling="log")
    return compiled(network(classes, units + (second or 0)))
"""


def test_scopes_that_are_not_active_by_default_become_conditions_of_the_space(module, tmp_path):
    space = space_of(f"{module(SCOPED)}:build", tmp_path)
    assert dict(space.parameters) == {
        "depth": Integer(1, 2), "units": Choice((4, 8, 32)), "second units": Grid(2, 6, 3), "kind": Choice(("wide", "deep")),
        "normalised": Choice((False, True)), "rate": LogUniform(0.001, 0.1),
    }  # fmt: skip
    assert dict(space.conditions) == {
        "second units": Condition({"depth": (2,)}),
        "kind": Condition({"depth": (2,)}),
        "normalised": Condition({"depth": (2,), "kind": ("deep",)}),
    }
    assert space.own == {"depth": 1, "units": 8, "second units": 2, "kind": "wide", "normalised": False, "rate": 0.001}


def test_what_a_loop_declares_under_other_values_is_found_too(module, tmp_path):
    name = module("""
def build(hp, classes):
    for layer in range(hp.Int("layers", 1, 3)):
        hp.Choice(f"units_{layer}", [2, 4])
    return compiled(network(classes))
""")
    assert list(space_of(f"{name}:build", tmp_path).parameters) == ["layers", "units_0", "units_1", "units_2"]


HYPERMODELS = """
class Own(keras_tuner.HyperModel):
    def __init__(self, classes, width=3):
        super().__init__()
        self.classes, self.width = classes, width
    def build(self, hp, vocabulary_size, max_length=0):
        assert (vocabulary_size, max_length) == (50, 20)
        hp.Int("units", self.width, 9)
        return compiled(network(self.classes))

own = Own(3, width=4)
"""


@pytest.mark.parametrize(("name", "smallest"), [("Own", 3), ("own", 4)])
def test_a_hypermodel_is_taken_as_class_and_as_instance_and_given_what_it_declares(module, tmp_path, name, smallest):
    space = space_of(f"{module(HYPERMODELS)}:{name}", tmp_path)
    assert dict(space.parameters) == {"units": Integer(smallest, 9)}


def test_a_model_without_hyperparameters_has_an_empty_space(module, tmp_path):
    name = module("def build(hp, classes):\n    return compiled(network(classes))\n")
    assert not space_of(f"{name}:build", tmp_path).parameters


BAD = {
    "no colon": ("", None, "needs package.module:name"),
    "no module": ("", "nowhere.models:build", "there is no module nowhere in"),
    "a file for a module": ("", "./my/models.py:build", r"my/models.py is a file; name its module: my\.models:build"),
    "a module that is missing within": ("import nothing_of_the_kind", "build", "needs the module nothing_of_the_kind"),
    "a module that raises": ("1 / 0", "build", r"raised ZeroDivisionError: division by zero \(custom_\d+.py, line \d+\)"),
    "a module that exits": ("import sys; sys.exit(3)", "build", "raised SystemExit: 3"),
    "no such name": ("def build(hp): pass", "bild", r"has no bild; did you mean build\?"),
    "a number": ("build = 3", "build", "build is a int; give a function"),
    "another class": ("class build: pass", "build", "build is a class but no keras_tuner.HyperModel"),
    "no hp": ("def build(): pass", "build", "build takes no hp"),
    "something unknown": ("def build(hp, depth): pass", "build", "has an unknown required parameter depth; it can have vocab"),
    "a build that raises": ("def build(hp): return {}['x']", "build", r"raised KeyError: 'x' \(custom_\d+.py, line \d+\)"),
    "None": ("def build(hp): pass", "build", "returned None; return the compiled model"),
    "no model": ("def build(hp): return 3", "build", "returned a int; return a compiled keras.Model"),
    "not compiled": ("def build(hp): return network(3)", "build", "returned a model that is not compiled"),
    "too wide": (
        "def build(hp): return compiled(network(4))",
        "build",
        r"gives \[batch, 4\] for token ids \[batch, time\]; the data have 3 classes, so it must be \[batch, 3\]",
    ),
    "one output for three classes": (
        "def build(hp): return compiled(network(1, activation='sigmoid'))",
        "build",
        r"gives \[batch, 1\]",
    ),
    "texts that are too short": ("def build(hp): return compiled(network(3, time=7))", "build", "takes texts of 7 tokens"),
    "images": (
        "def build(hp): return compiled(keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten(), layers.Dense(3)]))",
        "build",
        r"cannot take token ids, int32 \[batch, time\]",
    ),
    "a metric of class indices beside a loss of one-hot labels": (
        "def build(hp):\n    model = network(3)\n"
        "    model.compile('adam', 'categorical_crossentropy', [keras.metrics.SparseTopKCategoricalAccuracy(2)])\n"
        "    return model",
        "build",
        "whose loss or metrics cannot take labels that are one-hot",
    ),
    "a metric of one-hot labels": (
        "def build(hp):\n    model = network(3)\n"
        "    model.compile('adam', 'sparse_categorical_crossentropy', [keras.metrics.F1Score()])\n    return model",
        "build",
        "whose loss or metrics cannot take labels that are class indices",
    ),
    "an unknown loss": (
        "def build(hp): return compiled(network(3), 'crossentropy')",
        "build",
        "unknown loss",
    ),
    "a scope that is never entered": (
        "def build(hp):\n    if hp.Choice('a', [1, 2]) == 1:\n        with hp.conditional_scope('a', [2]): hp.Int('b', 1, 2)\n"
        "    return compiled(network(3))",
        "build",
        "conditional scope that is never entered, not with a=2 either",
    ),
    "a fit of its own": (
        "class Own(keras_tuner.HyperModel):\n    def build(self, hp): pass\n    def fit(self, hp, model): pass",
        "Own",
        "Own has a fit of its own",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "name", "message"), BAD.values(), ids=BAD)
def test_what_is_no_model_is_refused_in_one_line(module, tmp_path, text, name, message):
    written = module(text)
    name = written if name is None else name if ":" in name else f"{written}:{name}"
    with pytest.raises(HyperModelError, match=message) as refused:
        discovered(name, tmp_path)
    assert "\n" not in str(refused.value)


def test_one_name_for_two_hyperparameters_is_refused(module, tmp_path):
    name = module("""
def build(hp, classes):
    kind = hp.Choice("kind", ["a", "b"])
    for each in ("a", "b"):
        with hp.conditional_scope("kind", [each]):
            hp.Int("units", 1, 2)
    return compiled(network(classes))
""")
    with pytest.raises(ValueError, match="units: is registered twice, under different conditions"):
        space_of(f"{name}:build", tmp_path)


def test_a_value_that_declares_something_new_fails_its_trial(module, tmp_path):
    from tuner.models.custom.building import build_trial
    from tuner.models.custom.finding import find_build

    name = module("""
def build(hp, classes):
    if hp.Float("rate", 0.0, 1.0) > 0.7:
        hp.Int("hidden", 1, 2)
    return compiled(network(classes))
""")
    build = find_build(f"{name}:build", facts(), root=tmp_path)
    assert build_trial(build, {"rate": 0.5}, facts()).parameters == 50 * 4 + (4 * 4 + 4) + (4 * 3 + 3)
    assert build_trial(build, {"rate": 0.5}, facts()).embedding_parameters == 200
    with pytest.raises(HyperModelError, match=r"declares hidden under these values.*conditional_scope"):
        build_trial(build, {"rate": 0.9}, facts())


def test_two_classes_may_have_one_output_and_a_fixed_length_is_known(module, tmp_path):
    from tuner.models.custom.building import checked
    from tuner.models.custom.finding import find_build

    name = module("""
def build(hp, max_length):
    return compiled(network(1, time=max_length, activation="sigmoid"), "binary_crossentropy")
""")
    built = checked(find_build(f"{name}:build", facts(2), root=tmp_path)(None), facts(2))
    assert built.length == 20


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of a user's whose model module loads another of its modules."""
    (tmp_path / "own_package").mkdir()
    (tmp_path / "own_package" / "__init__.py").write_text("")
    (tmp_path / "own_package" / "parts.py").write_text("SIZE = 3")
    (tmp_path / "own_package" / "models.py").write_text("from own_package.parts import SIZE")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    importlib.import_module("own_package.models")
    yield tmp_path
    forget_package()


def forget_package():
    for name in [name for name in sys.modules if name.startswith("own_package")]:
        del sys.modules[name]


def test_modules_travel_as_they_were_when_their_folder_has_changed(package, monkeypatch):
    here = [module for name, module in sys.modules.items() if name.startswith("own_package")]
    files = loaded_from(package, [*here, pytest])
    assert files == ["own_package/__init__.py", "own_package/models.py", "own_package/parts.py"]
    source = ModelSource.read("own_package.models:x", package, files)
    (package / "own_package" / "parts.py").write_text("SIZE = 4  # edited while the search runs")
    forget_package()
    source.make_importable()
    assert importlib.import_module("own_package.models").SIZE == 3
