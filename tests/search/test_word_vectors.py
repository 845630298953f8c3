"""Word vectors of a search: read and described before it, read again with it, the same or refused."""

import numpy as np
import pytest

from search_spaces import Space, TrialConfig, parse_domain
from tuner.data.pipeline import DataRequest, save_encoder
from tuner.data.vectors import load_vectors
from tuner.errors import InputError
from tuner.models.counting import count_parameters
from tuner.runs.settings import read_settings, write_settings
from tuner.search.plan import plan_of
from tuner.search.prepare import prepare_again, prepare_search
from tuner.search.request import SearchRequest
from tuner.search.schedulers.options import SchedulerOptions

VECTORS = "text 1.0 2.0 3.0\nfine 4.0 5.0 6.0\npoor -1.0 0.0 1.0\n"


@pytest.fixture
def prepared(tmp_path):
    rows = [f"text number {row} is {'fine' if row % 2 else 'poor'},{row % 2}" for row in range(60)]
    (tmp_path / "data.csv").write_text("\n".join(["text,label", *rows]))
    (tmp_path / "vectors.txt").write_text(VECTORS)
    data = DataRequest(str(tmp_path / "data.csv"), tmp_path, 0, False, 2, 1000, 10)
    space = Space("mine", {"vectors": parse_domain("vectors", ["frozen", "none"])})
    return prepare_search(
        SearchRequest(
            data=data, space=space, trials=4, epochs=1, searcher="random", objective=None, warm_start=None,
            scheduler=SchedulerOptions("none"), patience=None, seed=0, max_params=None, time_budget=None, cpus_per_trial=1.0,
            gpus_per_trial=0.0, concurrency=1, address=None, name="mine", runs_dir=tmp_path, vectors=tmp_path / "vectors.txt",
        )
    )  # fmt: skip


def test_settings_say_how_far_they_cover_the_texts(prepared, tmp_path):
    vectors, vocabulary = prepared.settings.vectors, prepared.data.vocabulary
    assert (vectors.width, vectors.found) == (3, 3)
    assert vectors.type_coverage == 3 / len(vocabulary.words)
    found = sum(count for word, count in zip(vocabulary.words, vocabulary.counts, strict=True) if word in VECTORS)
    assert vectors.token_coverage == found / vocabulary.total_tokens
    write_settings(tmp_path / "search.yaml", prepared.settings)
    assert read_settings(tmp_path / "search.yaml") == prepared.settings


def test_a_networks_embedding_is_as_wide_as_the_vectors(prepared):
    plan = plan_of(prepared.settings)
    network = plan.network(TrialConfig(vectors="frozen"))
    assert network.embedding == 3
    assert count_parameters(network).embedding == 3 * prepared.data.vocabulary.size
    assert plan.network(TrialConfig()).embedding == 16


def test_workers_and_the_run_folder_get_the_same_table(prepared, tmp_path):
    arrays = prepared.data.encoded.as_arrays()
    save_encoder(tmp_path / "encoder", prepared.data, max_length=10)
    np.testing.assert_array_equal(load_vectors(tmp_path / "encoder"), arrays["vectors"])
    row = prepared.data.vocabulary.ids["fine"]
    assert arrays["vectors"][row].tolist() == [4.0, 5.0, 6.0]


def test_a_resumed_search_reads_the_same_vectors_or_none(prepared, tmp_path):
    again = prepare_again(prepared.settings)
    np.testing.assert_array_equal(again.encoded.vectors, prepared.data.encoded.vectors)
    (tmp_path / "vectors.txt").write_text(VECTORS.replace("4.0", "4.5"))
    with pytest.raises(InputError, match=r"vectors\.txt: the word vectors have changed since the search mine began"):
        prepare_again(prepared.settings)
