import json
from pathlib import Path

import numpy as np
import pytest

from tuner.data.pipeline import BUILT_IN, DataRequest, prepare_data, save_encoder
from tuner.data.vocabulary import UNKNOWN_ID, Vocabulary
from tuner.errors import InputError


def request(source=BUILT_IN, **changes):
    return DataRequest(
        **{
            "source": str(source),
            "data_dir": Path("data"),
            "split_seed": 0,
            "stop_words": False,
            "min_freq": 2,
            "max_tokens": 50_000,
            "max_length": 400,
            **changes,
        }
    )


def given_split(tmp_path, rows):
    path = tmp_path / "split.jsonl"
    path.write_text("".join(json.dumps(dict(zip(("text", "label", "split"), row, strict=True))) + "\n" for row in rows))
    return path


def test_words_that_only_validation_or_test_have_stay_unknown(tmp_path):
    rows = [(f"good day {i}", "a", "train") for i in range(4)] + [(f"bad night {i}", "b", "train") for i in range(4)]
    rows += [("secret secret good", "a", "validation"), ("bad", "b", "validation")]
    rows += [("hidden hidden", "a", "test"), ("hidden bad", "b", "test")]
    prepared = prepare_data(request(given_split(tmp_path, rows)))
    assert not {"secret", "hidden"} & set(prepared.vocabulary.words)
    validation = prepared.encoded.validation
    assert validation.tokens[:3].tolist()[:2] == [UNKNOWN_ID, UNKNOWN_ID]
    assert len(prepared.encoded.train) + len(validation) + len(prepared.splits.test) == len(rows)


def test_the_same_request_gives_the_same_arrays_and_another_seed_another_split():
    first, again, other = prepare_data(request()), prepare_data(request()), prepare_data(request(split_seed=1))
    np.testing.assert_array_equal(first.encoded.train.tokens, again.encoded.train.tokens)
    assert first.dataset.fingerprint == again.dataset.fingerprint == other.dataset.fingerprint
    assert not np.array_equal(first.splits.test, other.splits.test)


def test_texts_without_a_repeated_word_are_refused_in_one_line(tmp_path):
    rows = [(f"word{i}", "ab"[i % 2], "train") for i in range(8)] + [("x", "a", "validation"), ("y", "b", "validation")]
    rows += [("z", "a", "test"), ("q", "b", "test")]
    with pytest.raises(InputError, match="no word occurs 2 times in the 8 training texts: lower `min_freq`"):
        prepare_data(request(given_split(tmp_path, rows)))


@pytest.mark.parametrize(
    ("truncate", "kept", "said"),
    [
        ("head", "a b c d e f g h", "the first 8 are read"),
        ("tail", "i j k l m n o p", "the last 8 are read"),
        ("both", "a b k l m n o p", "the first 2 and the last 6 are read"),
    ],
)
def test_what_is_kept_of_a_longer_text_and_how_many_are_cut(tmp_path, truncate, kept, said):
    long, short = "a b c d e f g h i j k l m n o p", "a p"
    rows = [(text, label, part) for part in ("train", "validation", "test") for text, label in ((long, 1), (short, 0))]
    rows = [(f"{text}{' !' * number}", label, part) for number, (text, label, part) in enumerate(rows)]
    rows[0] = (long, 1, "train")
    prepared = prepare_data(request(given_split(tmp_path, rows), min_freq=1, max_length=8, truncate=truncate))
    train = prepared.encoded.train
    assert [prepared.vocabulary.words[token - 2] for token in train.tokens[: train.offsets[1]]] == kept.split()
    assert prepared.token_counts.tolist() == [16, 3, 18, 5, 20, 7]
    assert prepared.notes[-1] == f"50% of the texts (3) are cut to 8 tokens (`max_length`): {said} (`truncate`)"
    assert not [note for note in prepare_data(request(given_split(tmp_path, rows), min_freq=1)).notes if "cut" in note]


def test_the_encoder_holds_what_a_model_needs_to_read_texts(tmp_path):
    prepared = prepare_data(request(max_length=20))
    save_encoder(tmp_path / "encoder", prepared, max_length=20)
    assert Vocabulary.load(tmp_path / "encoder" / "vocabulary.json") == prepared.vocabulary
    assert json.loads((tmp_path / "encoder" / "tokenizer.json").read_text()) == {
        "stop_words": False,
        "characters": False,
        "truncate": "head",
        "max_length": 20,
    }
    assert json.loads((tmp_path / "encoder" / "labels.json").read_text()) == ["negative", "positive"]
