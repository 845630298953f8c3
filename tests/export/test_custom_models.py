"""Custom models as people write them: trained, gone on with after a break, exported, and answering as they were recorded."""

import io
import sys
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from search_spaces.config import CustomConfig
from support.covering import FULL_CONTRACT
from tuner.data.encoded import EncodedDataset, EncodedSplits

pytestmark = pytest.mark.tensorflow

MODULE = "custom_models_of_people"
WORDS, LONGEST = 40, 8
MODELS = (
    "build_lstm_dropout", "build_lstm_recurrent_dropout", "build_gru_dropout", "build_bi_lstm_dropout", "build_one_hot_loss",
    "bidirectional_lstm", "convolution", "transformer", "average", "rnn_logits", "TunedModel", "attention", "subclassed",
    "focal_loss", "lstm_attention_pair", "steps_per_execution", "sigmoid_pair", "own_loss", "weighed",
)  # fmt: skip
LOOP_OVER_STEPS = "steps_per_execution"
"""What it asks for is a loop in a graph."""
LIKE_OTHERS = (
    "attention", "bidirectional_lstm", "build_bi_lstm_dropout", "build_gru_dropout", "build_lstm_dropout", "weighed",
)  # fmt: skip
"""Those of which all is in others, too: ``rnn_logits`` is a stack in both directions, ``steps_per_execution`` drops inputs,
``transformer`` and ``lstm_attention_pair`` attend. As files for LiteRT and ONNX, and with weights, they are tested below."""


def part(texts, seed):
    """Texts of 1 to 8 tokens that are of class 1 where they begin with the word 2; a quarter are of class 0."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(1, LONGEST + 1, texts)
    tokens = generator.integers(3, WORDS, lengths.sum(), dtype=np.int32)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    labels = (generator.random(texts) < 0.75).astype(np.int32)
    tokens[offsets[:-1][labels == 1]] = 2
    return EncodedDataset(tokens, offsets, labels)


DATA = EncodedSplits(part(60, 0), part(30, 1))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    from tuner.models.custom.source import ModelSource

    root = tmp_path_factory.mktemp("people")
    text = (Path(__file__).parents[1] / "support" / "hypermodels.py").read_text()
    (root / f"{MODULE}.py").write_text(text)
    yield lambda name: ModelSource.read(f"{MODULE}:{name}", root, [f"{MODULE}.py"])
    sys.modules.pop(MODULE, None)


def facts():
    from tuner.models.custom.finding import ModelFacts

    return ModelFacts(WORDS, 2, LONGEST)


def defaults(source):
    """The values of a model's hyperparameters that trial 0 of a search has."""
    from tuner.models.custom.discovery import discover
    from tuner.models.custom.finding import find_build

    source.make_importable()
    found = discover(find_build(source.name, facts(), root=source.root), facts(), root=source.root)
    return {entry.name: entry.default for entry in found.space}


def run(source, values, *, state=None, scores=()):
    from tuner.training.custom_run import CustomRun
    from tuner.training.worker_context import WorkerContext

    context = WorkerContext(DATA, vocabulary_size=WORDS, classes=2, epochs=2, custom_source=source, max_length=LONGEST)
    return CustomRun(context, CustomConfig.of(values), seed=(0, 1), state=state, scores=scores)


def arrays(content):
    with np.load(io.BytesIO(content)) as archive:
        return {name: archive[name] for name in archive.files}


@dataclass
class Trained:
    """What of ``TrainedCustomModel`` an inference network reads."""

    source: object
    facts: object
    config: CustomConfig
    weights: tuple
    trial: str = "00000"


def saved_answers(model, folder):
    """Probabilities of the validation texts by a SavedModel that TensorFlow alone loads."""
    import tensorflow as tf

    from tuner.export.custom_network import CustomNetwork

    tf.config.run_functions_eagerly(False)
    module = tf.Module()
    module.network = CustomNetwork(model)
    integers = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)
    module.answer = tf.function(module.network.probabilities, input_signature=integers, autograph=False)
    tf.saved_model.save(module, str(folder))
    data = DATA.validation
    tokens = np.zeros((len(data), LONGEST), np.int32)
    for row, (begin, end) in enumerate(zip(data.offsets, data.offsets[1:], strict=False)):
        tokens[row, : end - begin] = data.tokens[begin:end]
    loaded = tf.saved_model.load(str(folder))  # kept, for the function alone does not keep the variables alive
    chosen, probabilities = loaded.answer(tokens, data.lengths.astype(np.int32))
    return chosen.numpy(), probabilities.numpy()


@pytest.fixture
def _quickly_prepared(name, monkeypatch):
    """Lets a few steps run as they are: to trace a loop over time takes three times as long, and XLA more for each model.

    What Keras does by default is tested on fewer models, in test_custom_run.py.
    """
    import tensorflow as tf

    if FULL_CONTRACT:
        yield
        return
    monkeypatch.setattr("keras.src.trainers.trainer.model_supports_jit", lambda _: False)
    tf.config.run_functions_eagerly(name != LOOP_OVER_STEPS)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.usefixtures("_quickly_prepared")
@pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run_functions_eagerly`:UserWarning")
@pytest.mark.parametrize("name", MODELS if FULL_CONTRACT else [name for name in MODELS if name not in LIKE_OTHERS])
def test_a_model_goes_on_after_a_break_and_leaves_for_tensorflow_answering_as_recorded(source, tmp_path, name):
    from tuner.runs.predictions import read_validation

    found = source(name)
    values = defaults(found)
    trial = run(found, values)
    first, second = trial.run_to_report(), trial.run_to_report()
    again = run(found, values, state=first.last, scores=[first.epoch.metrics["accuracy"]]).run_to_report()
    for key, array in arrays(second.last).items():
        np.testing.assert_array_equal(array, arrays(again.last)[key])
    best = second if second.best else first
    weights = tuple(arrays(best.best).values())
    chosen, answers = saved_answers(Trained(found, facts(), CustomConfig.of(values), weights), tmp_path / "saved")
    (tmp_path / "validation.npz").write_bytes(best.predictions)
    recorded = read_validation(tmp_path / "validation.npz", ("a", "b"))
    np.testing.assert_allclose(answers, np.exp(recorded.log_probabilities), atol=5e-4)  # they are kept as float16
    assert (chosen == DATA.validation.labels).mean() == pytest.approx(best.epoch.metrics["accuracy"])


def test_weights_of_classes_are_those_of_the_built_in_networks(source):
    balanced, alike = (run(source("weighed"), {"class_weights": kind}) for kind in ("balanced", "none"))
    np.testing.assert_allclose(balanced._class_weights, 60 / (2 * np.bincount(DATA.train.labels)), rtol=1e-6)
    assert alike._class_weights is None
    losses = [trial.run_to_report().epoch.train_loss for trial in (balanced, alike)]
    assert losses[0] != losses[1]
    with pytest.raises(Exception, match="class_weights is 'heavy'; it is one of none, balanced, effective"):
        run(source("weighed"), {"class_weights": "heavy"})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("build_small_embedding", "of 30 token ids, the data have 40; give build a parameter vocabulary_size"),
        ("build_text_inside", "has a TextVectorization layer .*, which takes strings; the search gives token ids"),
    ],
)
def test_what_cannot_read_these_ids_is_refused_before_a_search(source, name, message):
    from tuner.models.custom.finding import HyperModelError

    with pytest.raises(HyperModelError, match=message) as refused:
        defaults(source(name))
    assert "\n" not in str(refused.value)


def untrained(source):
    """A trial with the weights that it begins with."""
    from tuner.models.custom.building import CustomModel

    values = defaults(source)
    built = CustomModel(source, facts()).built(values, seed=0)
    weights = tuple(np.asarray(variable) for variable in built.model.weights)
    return Trained(source, facts(), CustomConfig.of(values), weights)


def with_encoder(one, longest):
    """A trained custom model as it is read from a run."""
    from tuner.data.encoder import Encoder
    from tuner.data.tokenizer import Tokenizer
    from tuner.data.vocabulary import Vocabulary
    from tuner.export.trained import TrainedCustomModel

    words = tuple(f"w{number}" for number in range(2, WORDS))
    encoder = Encoder(Tokenizer(False, False), Vocabulary(words, (1,) * len(words), len(words)), longest, ("a", "b"))
    wide = replace(facts(), max_length=longest)
    return TrainedCustomModel(
        "mine", None, "00000", {}, one.weights, encoder, None, one.config, one.source, wide, is_changed=False
    )


@pytest.mark.skipif(not find_spec("tf2onnx"), reason="needs the extra onnx: pip install onnx onnxruntime tf2onnx")
@pytest.mark.parametrize("name", ["convolution", "transformer", "build_bi_lstm_dropout"])
def test_an_onnx_file_pads_texts_as_training_did(source, tmp_path, name):
    """The convolution does not mask padding, the transformer takes one length, the LSTMs are loops."""
    from tuner.export.custom_network import CustomNetwork
    from tuner.export.onnx_file import write_onnx
    from tuner.export.onnx_runner import OnnxRunner

    longest = 8 if name == "transformer" else 30
    model = with_encoder(untrained(source(name)), longest)
    encoder, words = model.encoder, model.encoder.vocabulary.words
    checked = write_onnx(model, tmp_path)
    assert checked["largest_difference"] < 1e-5
    assert checked["padded_lengths"] == ([8] if name == "transformer" else [8, 16, 24, 30])
    encoder.save(tmp_path)
    generator = np.random.default_rng(5)
    texts = [" ".join(generator.choice(words, length)) for length in (1, 12, 8, 25, 9, 30, 3)]
    chosen, probabilities = OnnxRunner(tmp_path, checked["padded_lengths"]).answers(texts)
    tokens = np.zeros((len(texts), 30), np.int32)
    for row, text in enumerate(texts):
        ids = [int(word[1:]) for word in text.split()]
        tokens[row, : len(ids)] = ids
    lengths = np.minimum((tokens > 0).sum(1), longest).astype(np.int32)
    expected = CustomNetwork(model).probabilities(tokens[:, :longest], lengths)
    np.testing.assert_allclose(probabilities, expected[1], atol=1e-5)
    np.testing.assert_array_equal(chosen, expected[0])


@pytest.mark.skipif(not find_spec("ai_edge_litert"), reason="needs the extra tflite: pip install ai-edge-litert")
@pytest.mark.parametrize("name", ["transformer", "build_gru_dropout"])
def test_litert_files_pad_texts_as_training_did(source, tmp_path, monkeypatch, name):
    """A gated unit with dropout reads a random generator, and the transformer takes one length."""
    from tuner.export import lite
    from tuner.export.custom_network import CustomNetwork

    monkeypatch.setattr(lite, "validation_texts", lambda *_, **__: "not measured: no data")
    longest = 8 if name == "transformer" else 30
    model = with_encoder(untrained(source(name)), longest)
    plain, half, small = lite.write_lite(model, tmp_path)  # float32 is held against the SavedModel there
    assert [one["file"] for one in (plain, half, small)] == [None, "model_float16.tflite", "model_int8.tflite"]
    run_half = lite.interpreted((tmp_path / half["file"]).read_bytes())
    tokens = np.random.default_rng(5).integers(1, WORDS, (1, 11), np.int32)
    expected = CustomNetwork(model).probabilities(tokens[:, :longest], np.array([min(11, longest)], np.int32))[1]
    np.testing.assert_allclose(run_half(tokens), expected, atol=1e-3)


@pytest.mark.skipif(not find_spec("ai_edge_litert"), reason="needs the extra tflite: pip install ai-edge-litert")
def test_a_litert_file_that_answers_otherwise_is_refused(source, tmp_path, monkeypatch):
    from tuner.errors import InputError
    from tuner.export import lite
    from tuner.export.custom_network import CustomNetwork

    network_answers = CustomNetwork.probabilities

    def a_little_more(network, *given):
        chosen, probabilities = network_answers(network, *given)
        return chosen, probabilities + np.float32(1e-4)

    monkeypatch.setattr(lite, "validation_texts", lambda *_, **__: "not measured: no data")
    monkeypatch.setattr(CustomNetwork, "probabilities", a_little_more)
    with pytest.raises(InputError, match=r"differ from the SavedModel's by .*, more than 1e-05; export"):
        lite.write_lite(with_encoder(untrained(source("average")), 8), tmp_path)


def test_a_keras_file_that_keras_cannot_load_again_is_refused(source, tmp_path):
    from tuner.errors import InputError
    from tuner.export.custom_network import write_keras_file

    write_keras_file(untrained(source("attention")), tmp_path / "attention.keras")
    assert (tmp_path / "attention.keras").exists()
    with pytest.raises(InputError, match=r"register TokenAndPositionEmbedding and TransformerBlock with @"):
        write_keras_file(untrained(source("transformer")), tmp_path / "transformer.keras")
    with pytest.raises(InputError, match=r"\(NotImplementedError\); register SubclassedClassifier with @"):
        write_keras_file(untrained(source("subclassed")), tmp_path / "subclassed.keras")
    assert [path.name for path in tmp_path.glob("*.keras")] == ["attention.keras"]
    with pytest.raises(FileNotFoundError):
        write_keras_file(untrained(source("attention")), tmp_path / "gone/attention.keras")
