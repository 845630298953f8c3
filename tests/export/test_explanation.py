"""Explanations of a made-up model whose words have known weights."""

from pathlib import Path
from shutil import copytree

import numpy as np
import pandas as pd
import pytest

from analysis.class_words import ClassWords, read_class_words, write_class_words
from analysis.loading import load
from analysis.report import render
from tuner.cli.explain import coloured
from tuner.cli.main import run as command_line
from tuner.data.tokenizer import Tokenizer
from tuner.errors import InputError
from tuner.export.class_words import class_words
from tuner.export.explanation import MOST_WORDS, explain
from tuner.export.predictor import Prediction, Predictor
from tuner.runs.folder import RunFolder

WEIGHTS = {"good": 2.0, "not": -3.0, "bad": -1.5, "😡": -0.5, "l'été": 0.75, "ดี": 1.25, "<b>": 9.0}


class WordModel:
    """Adds up the weights of the words that it reads, as float32; the answers have the labels' first for what is below 0."""

    def __init__(self, tokenizer=None, max_length=1_000, labels=("bad", "good"), bias=0.25):
        self.tokenizer, self.max_length, self.labels, self.bias = tokenizer or Tokenizer(), max_length, labels, bias
        self.asked = []

    def reading(self):
        return self.tokenizer, self.max_length

    def predict(self, texts):
        self.asked.append(list(texts))
        for text in self.asked[-1]:
            words = self.tokenizer.cut(self.tokenizer.tokenize(text), self.max_length)
            odds = self.bias + sum(WEIGHTS.get(word, 0.0) for word in words)
            pair = np.array([1 / (1 + np.exp(odds)), 1 / (1 + np.exp(-odds))])
            shares = np.array([*pair[:1], *(pair[1:] * [[0.75], [0.25]]).ravel()] if len(self.labels) == 3 else pair)
            values = tuple(shares.astype(np.float32).tolist())
            label_id = int(np.argmax(values))
            yield Prediction(text, self.labels[label_id], label_id, values)


def found(explanation):
    return [(word, round(weight, 4)) for word, weight in explanation.words[["word", "weight"]].to_numpy()]


def test_weights_are_the_words_own_and_stand_at_their_places():
    text = "NOT good, <b>good</b>... 😡 at L’été &amp; ดี!"
    model = WordModel()
    explanation = explain(model, text, "good")
    assert found(explanation) == [
        ("not", -3), ("good", 2), ("good", 2), ("😡", -0.5), ("at", 0), ("l'été", 0.75), ("ดี", 1.25), ("!", 0),
    ]  # fmt: skip
    assert [text[start:end] for start, end in explanation.words[["start", "end"]].to_numpy()] == [
        "NOT", "good", "good", "😡", "at", "L’été", "ดี", "!",
    ]  # fmt: skip
    assert explanation.probability == pytest.approx(1 / (1 + np.exp(-2.75)))
    assert (explanation.predicted, explanation.label, explanation.notes) == ("good", "good", ())
    assert [len(texts) for texts in model.asked] == [9], "one call for all"
    assert explanation.top(2)["word"].tolist() == ["not", "good"]
    assert "".join(piece for piece, _ in explanation.pieces()) == text


def test_the_predicted_class_is_explained_unless_another_is_named():
    assert found(explain(WordModel(), "bad film")) == [("bad", 1.5), ("film", 0)]
    other = explain(WordModel(), "bad film", "good")
    assert found(other) == [("bad", -1.5), ("film", 0)]
    assert other.heading() == "good 0.2227; predicted: bad"


def test_of_several_classes_one_is_held_against_all_others():
    assert found(explain(WordModel(labels=("no", "meh", "yes")), "bad not", "no")) == [("bad", 1.5), ("not", 3)]


def test_a_class_that_is_certain_has_weights_too():
    model = WordModel(bias=40.0)
    assert next(model.predict(["x"])).probabilities[1] == 1.0
    assert found(explain(model, "good film")) == [("good", 2), ("film", 0)]


@pytest.mark.parametrize(
    ("truncate", "words"),
    [("head", ["good", "bad", "x", "y"]), ("tail", ["not", "good", "z", "😡"]), ("both", ["good", "good", "z", "😡"])],
)
def test_no_word_moves_up_for_one_that_is_left_out(truncate, words):
    model = WordModel(Tokenizer(truncate=truncate), max_length=4)
    explanation = explain(model, "good bad, x. <i>y</i> not good z 😡", "good")
    assert found(explanation) == [(word, WEIGHTS.get(word, 0)) for word in words]
    assert explanation.notes == ("the model reads 4 of this text's 8 words",)
    assert all(len(Tokenizer().tokenize(text)) == 3 for text in model.asked[0][1:])


def test_stop_words_are_not_read_and_have_no_weight():
    assert found(explain(WordModel(Tokenizer(stop_words=True)), "it was not the best")) == [("not", 3), ("best", 0)]


def test_a_very_long_text_has_so_many_weights():
    model = WordModel(Tokenizer(truncate="tail"))
    explanation = explain(model, "good " + "word " * 500 + "not")
    assert len(explanation.words) == MOST_WORDS == len(model.asked[0]) - 1
    assert found(explanation)[-1] == ("not", 3)
    assert explanation.probability == pytest.approx(1 / (1 + np.exp(2 - 3 + 0.25))), "all of it is read"
    assert explanation.notes == ("400 of the 502 words that the model reads were left out in turn",)


def test_what_a_text_holds_is_no_markup_and_no_command():
    explanation = explain(WordModel(labels=("<i>", "good")), "<script>alert(1)</script> \x1b[31m\u202enot <3", "<i>")
    page = explanation._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;i&gt;" in page
    assert "<i>" not in page
    assert ">not</span>" in page
    shown = coloured(explanation)
    assert "\x1b" not in shown.plain
    assert shown.plain.endswith(r" \x1b[31m\u202enot <3")
    assert [shown.plain[span.start : span.end] for span in shown.spans if "white on" in str(span.style)] == ["not"]


def test_words_without_any_weight_are_shown_plainly():
    explanation = explain(WordModel(), "nothing here")
    assert {share for _, share in explanation.pieces()} == {0.0}
    assert isinstance(explanation.words, pd.DataFrame)


def test_the_words_of_a_class_are_those_of_many_texts():
    texts = ["good film", "not good", "good good bad", "not bad", "bad", "not", "... <br>", "l'été", "l'été"]
    table, seen = class_words(WordModel(), texts)
    assert seen == 8, "one has no words"
    rows = table[["label", "word", "texts"]].to_numpy().tolist()
    # Twice in one text counts twice; film and l'été are in fewer than three texts.
    assert rows == [["bad", "not", 3], ["bad", "bad", 3], ["good", "good", 3]]
    assert table["total"].round(3).tolist() == [9.0, 4.5, 8.0]
    assert table["weight"].round(3).tolist() == [3.0, 1.5, 2.667]
    assert class_words(WordModel(), ["", "<br>"])[1] == 0


@pytest.mark.slow
def test_words_of_classes_are_kept_in_the_run_and_in_its_report(run_path, tmp_path, capsys):
    folder = RunFolder(Path(copytree(run_path, tmp_path / "mine")))
    run = load(folder.path)
    assert read_class_words(run) is None
    assert f"tuner explain {folder.reference} --words" in render(run)
    table, seen = class_words(WordModel(labels=("no", "yes")), ["good film", "not good", "good <bad>"])
    write_class_words(folder, ClassWords("00000", seen, table))
    again = read_class_words(run)
    assert (again.trial, again.texts, again.labels) == ("00000", 3, ["yes"])
    pd.testing.assert_frame_equal(again.table, table)
    assert "<summary>For yes</summary>" in render(run)
    assert ">good</td>" in render(run)
    private = render(run, with_texts=False)
    assert "The words are left out of this report" in private
    assert ">good</td>" not in private
    (folder.path / "words.json").write_text('{"trial": 1}')
    assert command_line(["report", str(folder.path)]) == 2
    assert "words.json: is damaged; remove it" in capsys.readouterr().err


def test_words_of_a_run_and_of_a_text_exclude_each_other(run_path, capsys):
    assert command_line(["explain", str(run_path), "a text", "--words"]) == 2
    assert "--words takes the validation texts of a run; leave out texts" in capsys.readouterr().err
    assert command_line(["explain", str(run_path), "--words", "--trial", "frontier"]) == 2
    assert "--trial frontier: is several trials" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "class_name", "message"),
    [
        ("fine", "great", "class_name='great': the model has no such class; give one of 'bad', 'good'"),
        (" ... <br>", None, "the text ' ... <br>' has no word that the model reads; give one with words"),
    ],
)
def test_what_cannot_be_explained_is_said(text, class_name, message):
    with pytest.raises(InputError) as error:
        explain(WordModel(), text, class_name)
    assert str(error.value) == message


def test_an_export_that_does_not_say_how_words_are_made_is_refused(tmp_path: Path):
    for name, content in (("export.json", '{"format": "saved_model", "max_length": 9}'), ("labels.json", '["a", "b"]')):
        (tmp_path / name).write_text(content)
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(InputError, match="as an earlier version wrote it; export the trial again"):
        explain(Predictor(tmp_path), "a text")
