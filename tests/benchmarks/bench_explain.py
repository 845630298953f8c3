"""How often ``tuner explain`` puts the word first that decides a generated review, by the corpus' own grammar.

The reviews have one clause, of the corpus' kinds in its shares, and its openers and closers. A clause has one word of praise or
blame, and that decides. In a negated clause the words of the negation decide as well; in an affirmed one ("was nothing short
of good") they decide nothing. Reviews of a change ("used to be good, now it is bad") are counted apart: there the true word
decides together with what says that the other is over, which the grammar does not weigh against each other.

    python tests/benchmarks/bench_explain.py exports/first-00001    # or a run, whose best trial is exported first
    python tests/benchmarks/bench_explain.py runs/first --gradients # integrated gradients, of the best trial of a run
"""

import argparse
import random
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path

from tuner.api.run import Model
from tuner.data import corpus_grammar as grammar
from tuner.data.corpus import LABEL_NAMES, _Writer
from tuner.data.tokenizer import Tokenizer
from tuner.export.export import export_run
from tuner.export.folder import DESCRIPTION
from tuner.export.trained import chosen_trials, open_run, read_model
from tuner.models.device import quiet_tensorflow

NEGATIONS = frozenset(
    Tokenizer().tokenize(
        "not wasn't never hardly didn't anything but nobody far from by no means nowhere near neither nor"
    )
)
PRAISE = frozenset(grammar.COMMON_PRAISE + grammar.LIKED)
BLAME = frozenset(grammar.COMMON_BLAME + grammar.DISLIKED)


class _OneDecides(_Writer):
    def __init__(self, seed: int, *, changes: bool) -> None:
        super().__init__(random.Random(seed))
        self.changes, self.kind = changes, ""

    def opinion(self, positive: bool) -> str:
        return self.change(positive) if self.changes else self.clause(positive)

    def fill(self, patterns, positive, degree="", topic=""):
        kinds = {grammar.NEGATED: "negated", grammar.AFFIRMED: "affirmed", grammar.CHANGED: "changed"}
        self.kind = kinds.get(patterns, "plain")
        return super().fill(patterns, positive, degree, topic)


def reviews(count: int, seed: int, *, changes: bool) -> list[tuple[str, str, str, frozenset[str]]]:
    """Text, label, kind, and deciding words; where opener or closer have a word of praise or blame, too, it is left out."""
    writer, found = _OneDecides(seed, changes=changes), []
    while len(found) < count:
        positive = len(found) % 2 == 1
        text = writer.review(positive)
        words = Tokenizer().tokenize(text)
        praise = [word for word in words if word in PRAISE.union(writer.domain.praise)]
        blame = [word for word in words if word in BLAME.union(writer.domain.blame)]
        if len(praise) + len(blame) != 1 + changes:
            continue
        deciding = frozenset((praise if positive else blame) if changes else praise + blame)
        turning = NEGATIONS.intersection(words) if writer.kind == "negated" else frozenset()
        found.append((text, LABEL_NAMES[positive], writer.kind, deciding | turning))
    return found


def main() -> None:
    """Prints the share by kind of clause, and the reviews that were missed."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("place", type=Path, help="an exported model of the built-in corpus, or a run")
    arguments.add_argument("--texts", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1_000, help="another one than the corpus' (0): other reviews")
    arguments.add_argument("--gradients", action="store_true", help="integrated gradients; takes a run")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.place
        if given.gradients:
            quiet_tensorflow(threads=2)
            from tuner.export.gradients import explain_by_gradients

            run, encoder = open_run(str(folder), Path("runs"))
            explain = partial(explain_by_gradients, read_model(run, encoder, chosen_trials(run, "best")[0]))
        elif not (folder / DESCRIPTION).is_file():
            out = Path(scratch) / "model"
            folder = export_run(
                str(folder), Path("runs"), trial="best", out=out, kind="saved_model", force=False
            ).folder
        if not given.gradients:
            explain = Model(folder).explain
        texts, first, right, missed = Counter(), Counter(), Counter(), []
        drawn = [one for changes in (False, True) for one in reviews(given.texts, given.seed, changes=changes)]
        for text, label, kind, deciding in drawn:
            found = explain(text)
            top = found.top(1)["word"].iloc[0]
            texts[kind] += 1
            right[kind] += found.predicted == label
            first[kind] += top in deciding
            if top not in deciding and kind != "changed":
                missed.append(f"{kind}: {top!r} before {sorted(deciding)} in {text!r}, {found.heading()} ({label})")
    print("kind         texts  answered right  deciding word first")
    clauses = sorted(set(texts) - {"changed"})
    for name, kinds in (*((kind, [kind]) for kind in clauses), ("all clauses", clauses), ("changed", ["changed"])):
        of, correct, top = (sum(one[kind] for kind in kinds) for one in (texts, right, first))
        print(f"{name:11}  {of:5}  {correct / of:14.1%}  {top / of:19.1%}")
    print(*missed, sep="\n")


if __name__ == "__main__":
    main()
