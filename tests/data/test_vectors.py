import gzip
import io
import struct
import tarfile
import zipfile

import numpy as np
import pytest

from tuner.data.vectors import load_vectors, read_vector_file, read_word_vectors, save_vectors
from tuner.data.vocabulary import Vocabulary
from tuner.errors import InputError

VECTORS = {"the": [0.5, -1.0, 2.0], "café": [1e-3, 0.0, 3.25], ". . .": [7.0, 8.0, 9.0], "rare": [4.0, 5.0, 6.0]}
VOCABULARY = Vocabulary(("the", "film", "café"), (50, 30, 20), 120)


def glove(vectors=VECTORS):
    return "".join(f"{word} {' '.join(map(str, numbers))}\n" for word, numbers in vectors.items()).encode()


def word2vec_text():
    """With the blank at the end of a line that the original writes."""
    return f"{len(VECTORS)} 3\n".encode() + glove().replace(b"\n", b" \n")


def word2vec_binary(line_feed=b"\n"):
    records = (
        word.encode() + b" " + struct.pack("<3f", *numbers) for word, numbers in VECTORS.items() if " " not in word
    )
    return f"{len(VECTORS) - 1} 3\n".encode() + b"".join(record + line_feed for record in records)


def zipped(**files):
    """A ZIP archive of files by name, with the folders that macOS adds."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("folder")
        for name, content in {**files, "__MACOSX/._vectors": b"x"}.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tar(content):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("vectors.txt")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


FORMS = {
    "glove": glove(),
    "glove.gz": gzip.compress(glove()),
    "word2vec": word2vec_text(),
    "word2vec.gz": gzip.compress(word2vec_text()),
    "glove.zip": zipped(vectors=glove()),
    "word2vec.zip": zipped(vectors=word2vec_text()),
    "binary.zip": zipped(vectors=word2vec_binary()),
    "binary": word2vec_binary(),
    "binary of gensim": word2vec_binary(b""),
    "binary.gz": gzip.compress(word2vec_binary()),
}


@pytest.fixture
def write(tmp_path):
    def written(content):
        path = tmp_path / "vectors"
        path.write_bytes(content)
        return path

    return written


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS)
def test_every_form_is_recognised_and_read(write, content):
    found = read_vector_file(write(content), {"the", "café", "missing"})
    assert found.width == 3
    assert {word: vector.tolist() for word, vector in found.vectors.items()} == {
        "the": [0.5, -1.0, 2.0],
        "café": np.array([1e-3, 0.0, 3.25], np.float32).tolist(),
    }


def test_a_word_may_have_blanks_in_it(write):
    assert read_vector_file(write(glove()), {". . ."}).vectors[". . ."].tolist() == [7.0, 8.0, 9.0]


def test_a_binary_file_of_many_chunks(write):
    generator = np.random.default_rng(0)
    table = generator.normal(size=(5_000, 100)).astype("<f4")
    records = b"".join(b"w%d %s\n" % (row, values.tobytes()) for row, values in enumerate(table))
    found = read_vector_file(write(b"5000 100\n" + records), {f"w{row}" for row in range(0, 5_000, 7)})
    assert len(found.vectors) == 715
    for word, vector in found.vectors.items():
        np.testing.assert_array_equal(vector, table[int(word[1:])])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (glove() + b"more 1.0 2.0\n", r"vectors: line 5 has 2 numbers, those before it 3; give a file of one width"),
        (glove() + b"more 1.0 2.0 3.0 4.0\n", r"vectors: line 5 has 4 numbers, those before it 3"),
        (
            b"the 1.0 2.0\ncaf\xc3\xa9 1.0 x\n",
            r"vectors: line 2 holds something else than numbers after the word 'café'",
        ),
        (word2vec_binary()[:-9], r"vectors: ends after 2 of 3 vectors; download it again"),
        (word2vec_text()[:-30], r"vectors: line 5 has|vectors: ends after 3 of 4 vectors"),
        (b"9 3\n" + glove(), r"vectors: ends after 4 of 9 vectors; download it again"),
        (gzip.compress(glove() * 50)[:-20], r"vectors: is damaged or cut short; download it again"),
        (zipped(vectors=glove())[:-60], r"vectors: is damaged or cut short; download it again"),
        (zipped(), r"vectors: is an archive without a file; download it again"),
        (
            zipped(small=glove(), large=glove()),
            r"is an archive of 2 files \('small', 'large'\); unpack the one to use, for instance with `unzip \S+vectors small`",
        ),
        (gzip.compress(tar(glove())), r"vectors: is no file of word vectors, but binary; .* unpacked if from tar"),
        (b"", r"vectors: holds no word vectors; a line needs a word and its numbers"),
        (b"text,label\ngood film,1\n", r"vectors: holds no word vectors"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(write, content, message):
    with pytest.raises(InputError, match=message) as refused:
        read_vector_file(write(content), {"the", "café"})
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"cannot be read \(No such file or directory\); give a file of word vectors"):
        read_vector_file(tmp_path / "none", {"the"})


def test_vectors_stand_at_the_ids_of_their_words(write):
    vectors = read_word_vectors(write(glove()), VOCABULARY, seed=0)
    assert vectors.table.shape == (VOCABULARY.size, 3)
    assert vectors.table.dtype == np.float32
    np.testing.assert_array_equal(vectors.table[0], 0.0)
    np.testing.assert_allclose(vectors.table[2], VECTORS["the"])
    np.testing.assert_allclose(vectors.table[4], VECTORS["café"])
    assert (vectors.found, vectors.type_coverage) == (2, pytest.approx(2 / 3))
    assert vectors.token_coverage == pytest.approx(70 / 120)


def test_words_without_a_vector_get_random_ones_of_the_seed_with_the_spread_of_the_others(write):
    generator = np.random.default_rng(0)
    known = {f"w{number}": (generator.normal(size=4) * [1, 2, 3, 4] + [0, 5, 0, -5]).tolist() for number in range(500)}
    vocabulary = Vocabulary((*known, *(f"x{number}" for number in range(2_000))), (1,) * 2_500, 2_500)
    path = write(glove(known))
    table = read_word_vectors(path, vocabulary, seed=1).table
    np.testing.assert_allclose(table[502:].mean(0), [0, 5, 0, -5], atol=0.5)
    np.testing.assert_allclose(table[502:].std(0), [1, 2, 3, 4], rtol=0.1)
    np.testing.assert_array_equal(read_word_vectors(path, vocabulary, seed=1).table, table)
    assert (
        read_word_vectors(path, vocabulary, seed=1).fingerprint
        != read_word_vectors(path, vocabulary, seed=2).fingerprint
    )


def test_a_file_of_another_language_is_refused(write):
    with pytest.raises(
        InputError, match=r"vectors: has none of the 3 words of the training texts, of which .* is 'the'"
    ):
        read_word_vectors(write(b"der 1.0 2.0\nFilm 1.0 2.0\n"), VOCABULARY, seed=0)


def test_numbers_that_are_none_are_refused(write):
    with pytest.raises(InputError, match="infinite numbers or none"):
        read_word_vectors(write(b"the 1.0 nan\n"), VOCABULARY, seed=0)


def test_the_table_is_kept_with_the_encoder(tmp_path):
    table = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    save_vectors(tmp_path, table)
    np.testing.assert_array_equal(load_vectors(tmp_path), table)
    (tmp_path / "vectors.npy").write_bytes(b"x")
    with pytest.raises(InputError, match="is missing or damaged, and the network reads these word vectors"):
        load_vectors(tmp_path)
