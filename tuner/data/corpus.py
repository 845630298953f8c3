"""A corpus of short English reviews that needs no download, and in which order and scope decide the label.

Every review holds one opinion. What it means follows from how it is built, not only from which words it holds: a
negation turns its clause (and only its clause), of two clauses joined by a contrast one decides, the stronger of two
sentiments wins, what used to be is over, hearsay may be denied, and what the writer cares about overrules the rest.
Words of praise and blame stand in reviews of both labels, so that a bag of words does not get far. What decides may
have to be remembered over several clauses, so that size pays. Validation accuracy within 8 epochs, two seeds, 8,000
reviews to train on: averaged embeddings 0.69, GRUs of 4 units 0.91, of 8 units 0.98, of 16 to 64 units 0.99 in most
runs.
"""

import random
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Final

from tuner.data import corpus_grammar as grammar
from tuner.data.text_dataset import TextDataset, make_dataset
from tuner.errors import InputError

DEFAULT_EXAMPLES: Final = 8_000
MOST_EXAMPLES: Final = 200_000
ZIPF_EXPONENT: Final = 1.2
LABEL_NAMES: Final = ("negative", "positive")


def generate_corpus(*, examples: int = DEFAULT_EXAMPLES, seed: int = 0) -> TextDataset:
    """Short reviews of hotels, products and films, half of them positive, all different.

    Args:
        examples: Number of reviews, at least 2. Default 8,000.
        seed: Decides the reviews: the same number gives the same corpus on every platform. Default 0.

    Raises:
        InputError: ``examples`` is out of its range.
    """
    if not len(LABEL_NAMES) <= examples <= MOST_EXAMPLES:
        raise InputError(
            f"examples must be 2 to {MOST_EXAMPLES}. Received: {examples}. Use {DEFAULT_EXAMPLES} for a first search."
        )
    writer = _Writer(random.Random(seed))
    reviews: dict[str, str] = {}
    while len(reviews) < examples:
        positive = len(reviews) % 2 == 1
        # A review that was written before keeps its label: no text stands under both.
        reviews.setdefault(writer.review(positive), LABEL_NAMES[positive])
    note = f"These {examples} reviews were generated with seed {seed}."
    return make_dataset("generated", list(reviews), list(reviews.values()), notes=(note,))


class _Writer:
    """Writes reviews. In every method ``positive`` is what the piece that it returns means as a whole."""

    def __init__(self, generator: random.Random) -> None:
        self.random = generator
        self.domain = grammar.HOTEL
        self.mentioned: set[str] = set()

    def review(self, positive: bool) -> str:
        self.domain = self.random.choice(grammar.DOMAINS)
        self.mentioned.clear()
        sentences = [self.opinion(positive)]
        if self.chance(0.5):
            sentences.insert(0, self.random.choice(self.domain.openers))
        if self.chance(0.25):
            sentences.append(self.random.choice(self.domain.closers))
        return " . ".join(sentences).replace(" .", ".").replace(" ,", ",").replace(" ?", "?") + "."

    def opinion(self, positive: bool) -> str:
        (kind,) = self.random.choices(
            (
                self.clause,
                self.agreement,
                self.contrast,
                self.comparison,
                self.change,
                self.hearsay,
                self.priority,
                self.topics,
            ),
            (0.14, 0.22, 0.20, 0.07, 0.07, 0.10, 0.08, 0.12),
        )
        return kind(positive)

    def clause(self, positive: bool) -> str:
        """One clause: plain, or with a negation that turns it, or with one that does not."""
        (patterns, means_its_word) = self.random.choices(
            ((grammar.PLAIN, True), (grammar.PLAIN_VERB, True), (grammar.NEGATED, False), (grammar.AFFIRMED, True)),
            (0.60, 0.14, 0.17, 0.09),
        )[0]
        degree = self.random.choice(grammar.MEDIUM) if patterns is grammar.PLAIN and self.chance(0.25) else ""
        return self.fill(patterns, positive == means_its_word, degree)

    def agreement(self, positive: bool) -> str:
        pattern = self.random.choice(grammar.AGREEING)
        return pattern.format(x=self.clause(positive), y=self.clause(positive))

    def contrast(self, positive: bool) -> str:
        """Two sides of which one decides; either may consist of two clauses."""
        deciding = self.agreement(positive) if self.chance(0.12) else self.clause(positive)
        other = self.agreement(not positive) if self.chance(0.12) else self.clause(not positive)
        if self.chance(0.6):
            return self.random.choice(grammar.SECOND_WINS).format(x=other, y=deciding)
        return self.random.choice(grammar.FIRST_WINS).format(x=deciding, y=other)

    def comparison(self, positive: bool) -> str:
        """Two clauses of which the one in stronger words wins."""
        strong = self.fill(grammar.PLAIN, positive, self.random.choice(grammar.STRONG))
        weak = self.fill(grammar.PLAIN, not positive, self.random.choice(grammar.WEAK))
        first, second = self.random.sample((strong, weak), 2)
        return self.random.choice(grammar.STRONGER_WINS).format(x=first, y=second)

    def change(self, positive: bool) -> str:
        return self.fill(grammar.CHANGED, positive)

    def hearsay(self, positive: bool) -> str:
        """A clause that is denied or confirmed as a whole."""
        if self.chance(0.5):
            return self.random.choice(grammar.DENIED).format(x=self.clause(not positive))
        return self.random.choice(grammar.CONFIRMED).format(x=self.clause(positive))

    def priority(self, positive: bool) -> str:
        """Two clauses, and afterwards which of them decides."""
        deciding, other = self.clause(positive), self.clause(not positive)
        if self.chance(0.5):
            return self.random.choice(grammar.FIRST_MATTERS).format(x=deciding, y=other)
        return self.random.choice(grammar.SECOND_MATTERS).format(x=other, y=deciding)

    def topics(self, positive: bool) -> str:
        """Two topics that every domain has, judged differently, of which only one matters."""
        deciding, other = self.random.sample(grammar.TOPICS, 2)
        judged = self.fill(grammar.PLAIN, positive, topic=deciding)
        overruled = self.fill(grammar.PLAIN, not positive, topic=other)
        first, second = self.random.sample((judged, overruled), 2)
        return self.random.choice(grammar.TOPIC_MATTERS).format(x=first, y=second, m=f"the {deciding}")

    def fill(self, patterns: Sequence[str], positive: bool, degree: str = "", topic: str = "") -> str:
        aspect = f"the {topic}" if topic else f"{self.random.choice(grammar.ARTICLES)} {self.aspect()}"
        adjective, opposite = self.adjective(positive, bool(topic)), self.adjective(not positive, bool(topic))
        return self.random.choice(patterns).format(
            a=aspect,
            w=f"{degree} {adjective}".strip(),
            o=opposite,
            v=self.frequent(grammar.LIKED if positive else grammar.DISLIKED),
        )

    def aspect(self) -> str:
        """Something that this review has not spoken of."""
        aspect = self.frequent(self.domain.aspects)
        while aspect in self.mentioned:
            aspect = self.frequent(self.domain.aspects)
        self.mentioned.add(aspect)
        return aspect

    def adjective(self, positive: bool, common_only: bool) -> str:
        common = grammar.COMMON_PRAISE if positive else grammar.COMMON_BLAME
        special = self.domain.praise if positive else self.domain.blame
        return self.frequent(common if common_only or self.chance(0.5) else special)

    def frequent(self, words: Sequence[str]) -> str:
        """A word by Zipf's law: earlier ones far more often."""
        (word,) = self.random.choices(words, cum_weights=_summed_zipf(len(words)))
        return word

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability


@cache
def _summed_zipf(count: int) -> list[float]:
    return list(accumulate(1 / rank**ZIPF_EXPONENT for rank in range(1, count + 1)))
