"""What files give to a distillation: matched by text, never a text that is validated or tested on, and said in numbers."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tuner.data.encoded import encode_parts, encode_texts
from tuner.data.splits import Splits
from tuner.data.text_dataset import make_dataset
from tuner.data.tokenizer import Tokenizer
from tuner.errors import InputError
from tuner.search.teaching_texts import NO_TEXTS, read_teacher, read_unlabelled

TEXTS = ["good film", " bad film", "dull film", "fine film", "judged", "tested"]
NAMES = ("neg", "pos")


@pytest.fixture
def data():
    dataset = make_dataset("films", TEXTS, ["pos", "neg", "neg", "pos", "pos", "neg"])
    return SimpleNamespace(dataset=dataset, splits=Splits(np.arange(4), np.array([4]), np.array([5]), ()))


def written(path, **columns):
    pd.DataFrame(columns).to_csv(path, index=False)
    return str(path)


def teacher(data, file, tmp_path):
    return read_teacher(file, data, text_columns=("text",), label_names=NAMES, data_dir=tmp_path)


def test_probabilities_are_matched_by_text_and_the_rest_is_told(data, tmp_path):
    file = written(
        tmp_path / "said.csv",
        text=["dull film", "bad film ", "judged", "tested", "new film", "good film", "good film", None],
        probability_pos=[0.2, 0.1, 1.0, 0.0, 0.7, 0.6, 0.8, 0.5],
        neg=[0.8, 0.9, 0.0, 1.0, 0.3, 0.4, 0.2, 0.5],
    )
    found = teacher(data, file, tmp_path)
    assert found.known.tolist() == [True, True, True, False]
    np.testing.assert_allclose(found.of_train, [[0.3, 0.7], [0.9, 0.1], [0.8, 0.2], [0, 0]], atol=1e-6)
    assert found.unlabelled == ("new film",)
    np.testing.assert_allclose(found.of_unlabelled, [[0.3, 0.7]], atol=1e-6)
    told = " ".join(found.notes)
    assert "probabilities of 3 of 4 training texts, and of 1 text without labels" in told
    assert "left out: 1 validation text, 1 test text, 1 row without a text" in told
    assert "1 training text that it lacks is trained on with the label alone" in told


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"text": ["new"], "neg": [0.5]},
            "has no column of probabilities for 'pos': name one 'pos' or probability_pos",
        ),
        ({"text": ["new"], "neg": [0.5], "pos": [0.9]}, "has probabilities that sum to 1.4 in row 1"),
        ({"text": ["new"], "neg": [-0.5], "pos": [1.5]}, r"holds '?-0.5'? in row 1 of column 'neg'"),
        ({"text": ["new"], "neg": ["much"], "pos": [1]}, "holds 'much' in row 1 of column 'neg'"),
        ({"body": ["new"], "neg": [0.5], "pos": [0.5]}, "has no column 'text', in which the run's texts were"),
        ({"text": ["judged", "tested"], "neg": [0.5, 0.5], "pos": [0.5, 0.5]}, "holds no text to train on; left out"),
    ],
)
def test_what_is_no_teacher_is_one_line(data, tmp_path, columns, message):
    file = written(tmp_path / "said.csv", **columns)
    with pytest.raises(InputError, match=message) as refused:
        teacher(data, file, tmp_path)
    assert (refused.value.option, "\n" in str(refused.value)) == ("teacher_file", False)


def test_texts_without_labels_are_those_that_the_run_does_not_know(data, tmp_path):
    file = written(
        tmp_path / "more.csv", text=["new", "new ", "newer", "good film", "judged", "tested"], other=list("abcdef")
    )
    found = read_unlabelled(file, data, text_columns=("text",), data_dir=tmp_path)
    assert found.unlabelled == ("new", "newer")
    assert found.of_train is None
    (told,) = found.notes
    assert told.endswith(
        "2 texts without labels, 1 more that the run trains on already; left out: 1 validation text, 1 test text"
    )
    known = written(tmp_path / "known.csv", text=["good film", "judged"], other=["a", "b"])
    with pytest.raises(InputError, match="holds no text that the run does not know"):
        read_unlabelled(known, data, text_columns=("text",), data_dir=tmp_path)


def test_fingerprints_tell_other_texts_and_other_probabilities(data, tmp_path):
    def said(name, text, positive):
        file = written(tmp_path / name, text=[text, "bad film"], pos=[positive, 0.1], neg=[1 - positive, 0.9])
        return teacher(data, file, tmp_path).fingerprint()

    first = said("a.csv", "new", 0.7)
    assert said("b.csv", "new", 0.7) == first  # whatever the file is called
    assert len({first, said("a.csv", "newer", 0.7), said("a.csv", "new", 0.6), NO_TEXTS.fingerprint()}) == 4


def test_texts_are_encoded_as_they_would_be_with_the_others():
    texts = ["Good film, good film!", "", "a word that nobody knows", "film " * 9]
    tokenizer = Tokenizer(stop_words=False, characters=False, truncate="both")
    found = encode_parts(
        [(["good film", "a good word !"] * 2, [0, 1, 0, 1]), (texts, [0] * 4)], tokenizer, max_length=6
    )
    alone = encode_texts(texts, tokenizer, found.vocabulary, max_length=6)
    assert alone.tokens.tolist() == found.parts[1].tokens.tolist()
    assert alone.offsets.tolist() == found.parts[1].offsets.tolist()
    assert len(encode_texts([], tokenizer, found.vocabulary, max_length=6)) == 0
