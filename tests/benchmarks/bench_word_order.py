"""Which words a small vocabulary should keep: scores compared by a linear model of the words that are kept.

    python tests/benchmarks/bench_word_order.py --data FILE [--data FILE ...]

Each score orders the words by the texts to train on; logistic regression on the presence of the first ones is judged on the
texts to test on. It takes seconds where networks would take hours, but networks rank the scores otherwise: they gain by
frequent words that tell nothing by themselves (README.md beside this).
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from tuner.data.encoded import EncodedDataset
from tuner.data.pipeline import DataRequest, prepare_data
from tuner.data.word_order import informative_order

SIZES = (200, 500, 1000, 2000, 5000)
Counts = NDArray[np.float64]


def presence(data: EncodedDataset, size: int) -> Any:
    """Which text has which token id: 0 or 1, [texts, ids]."""
    rows = np.repeat(np.arange(len(data)), data.lengths)
    found = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, data.tokens)), shape=(len(data), size))
    found.data[:] = 1.0
    return found


def tables(train: Any, labels: NDArray[np.int32], classes: int) -> tuple[Counts, Counts, Counts, Counts]:
    """Texts of each class with and without each word, and as many as there would be if words told nothing."""
    with_word = np.stack([np.asarray(train[labels == label].sum(0)).ravel() for label in range(classes)], 1)
    texts = np.bincount(labels, minlength=classes).astype(float)
    number = with_word.sum(1, keepdims=True)
    shares = texts / texts.sum()
    return with_word, texts - with_word, number * shares, (texts.sum() - number) * shares


def chi_square(own: Counts, without: Counts, expected: Counts, expected_without: Counts) -> Counts:
    """Pearson's statistic."""
    with np.errstate(all="ignore"):
        parts = (own - expected) ** 2 / expected + (without - expected_without) ** 2 / expected_without
    return np.asarray(np.nan_to_num(parts).sum(1))


def likelihood_ratio(own: Counts, without: Counts, expected: Counts, expected_without: Counts) -> Counts:
    """G squared (Dunning 1993): mutual information but for a factor."""
    with np.errstate(all="ignore"):
        parts = np.nan_to_num(own * np.log(own / expected)) + np.nan_to_num(
            without * np.log(without / expected_without)
        )
    return np.asarray(2 * parts.sum(1))


def shrunk(score: Callable[..., Counts]) -> Callable[..., Counts]:
    """The score times n / (n + 20), for a word in n texts."""
    return lambda own, *rest: score(own, *rest) * own.sum(1) / (own.sum(1) + 20)


SCORES: dict[str, Callable[..., Counts]] = {
    "frequency": lambda own, *_: -np.arange(len(own), dtype=float),
    "chi square": chi_square,
    "chi square + 0.002 n": lambda *counts: chi_square(*counts) + 0.002 * counts[0].sum(1),
    "chi square, shrunk": shrunk(chi_square),
    "G squared": likelihood_ratio,
    "G squared, shrunk": shrunk(likelihood_ratio),
}


@click.command()
@click.option("--data", "sources", multiple=True, required=True, help="A data set, as search reads it.")
def main(sources: tuple[str, ...]) -> None:
    """Prints a table for each data set: test accuracy in percent by score and vocabulary."""
    for source in sources:
        prepared = prepare_data(DataRequest(source, Path(), 0, False, 2, 50_000, 400))
        size, classes = prepared.vocabulary.size, len(prepared.dataset.label_names)
        train, test = prepared.encoded.train, prepared.held_out
        inputs, inputs_of_test = presence(train, size), presence(test, size)
        counts = tables(inputs, train.labels, classes)
        orders = {name: np.argsort(-np.concatenate([[np.inf] * 2, score(*counts)[2:]]), kind="stable")
                  for name, score in SCORES.items()}  # fmt: skip
        orders["log-odds, Dirichlet prior, + 0.005 n"] = informative_order(train, size, classes)
        sizes = [one for one in SIZES if one < size]
        print(f"\n{Path(source).stem}: {len(train):,} texts to train on, {len(test):,} to test on, {classes} classes\n")
        print("| order | " + " | ".join(f"{one:,}" for one in sizes) + " |")
        print("| --- |" + " ---: |" * len(sizes))
        for name, order in orders.items():
            scores = []
            for one in sizes:
                model = LogisticRegression(max_iter=100, solver="liblinear" if classes == 2 else "lbfgs", C=0.3)
                model.fit(inputs[:, order[2:one]], train.labels)
                scores.append(model.score(inputs_of_test[:, order[2:one]], test.labels))
            print(f"| {name} | " + " | ".join(f"{100 * score:.1f}" for score in scores) + " |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
