"""Which labels a confirmed model takes for which."""

import pandas as pd

from analysis.columns import require


def confusion(answers: pd.DataFrame) -> pd.DataFrame:
    """A row a pair of labels, in the order of the data set's: ``label`` (the true one), ``answer``, ``texts`` (mean number over
    the repeats) and ``share`` (of the texts with that label; missing where there are none).

    Args:
        answers: what ``analysis.predictions`` gives.
    """
    require(answers, "repeat", "label", "answer")
    counts = answers.groupby(["label", "answer"], observed=False).size().rename("texts").reset_index()
    counts["texts"] = counts["texts"] / answers["repeat"].nunique()
    totals = counts.groupby("label", observed=False)["texts"].transform("sum")
    return counts.assign(share=(counts["texts"] / totals).where(totals > 0))


def recalls(answers: pd.DataFrame) -> pd.DataFrame:
    """A row a label: ``label``, ``texts`` (in the part), ``recall`` (share of them that are answered so), ``precision`` (share
    of such answers that are right), and ``mostly_taken_for`` (the wrong answer that it gets most, missing where it gets none).
    """
    table = confusion(answers)
    right = table["label"].astype(str) == table["answer"].astype(str)
    texts = table.groupby("label", observed=False)["texts"].sum()
    given = table.groupby("answer", observed=False)["texts"].sum()
    hits = table[right].set_index("label")["texts"]
    wrong = table[~right & (table["texts"] > 0)].sort_values("texts", ascending=False, kind="stable")
    confused = wrong.drop_duplicates("label").set_index("label")["answer"].astype(str)
    return pd.DataFrame(
        {
            "texts": texts.astype(int),
            "recall": (hits / texts).where(texts > 0),
            "precision": (hits / given).where(given > 0),
            "mostly_taken_for": confused.reindex(texts.index.astype(str)).to_numpy(),
        }
    ).reset_index()
