"""The names under which texts, labels and parts of a split usually stand, in order of preference."""

TEXT_NAMES = (
    "text", "review", "sentence", "tweet", "content", "comment", "question", "body", "message", "review_text",
    "review_body", "reviewtext", "sms", "email", "utterance", "query", "post", "document", "phrase", "description",
    "abstract", "headline", "title", "summary",
)  # fmt: skip
LABEL_NAMES = (
    "label", "sentiment", "class", "category", "target", "polarity", "airline_sentiment", "coarse_label",
    "label_coarse", "labels", "intent", "topic", "emotion", "stars", "rating", "score", "fine_label", "label_fine",
)  # fmt: skip
# "review_id" holds no review, and "label_confidence" no label.
_ABOUT = ("id", "ids", "length", "count", "confidence", "gold", "url", "date", "author")
SPLIT_NAMES = ("split", "partition", "subset", "fold", "set")


def normal(name: str) -> str:
    """Return a column name in lower case with underscores: "Coarse Label" and "coarse-label" are the same."""
    return "_".join(name.lower().replace("-", " ").replace("_", " ").replace(".", " ").split())


def is_known_name(name: str) -> bool:
    """Tell whether `name` is a usual name for a text, label or split column."""
    return normal(name) in TEXT_NAMES + LABEL_NAMES + SPLIT_NAMES


def preferred(names: list[str], wanted: tuple[str, ...]) -> list[str]:
    """Return those of `names` that are usual, the most usual first.

    Whole names come before names that only hold a usual word ("clean_text"); among equals the file's order decides.
    """
    whole = [(wanted.index(normal(name)), place, name) for place, name in enumerate(names) if normal(name) in wanted]
    partly = []
    for place, name in enumerate(names):
        words = normal(name).split("_")
        ranks = [wanted.index(word) for word in words if word in wanted]
        if ranks and normal(name) not in wanted and words[-1] not in _ABOUT:
            partly.append((min(ranks), place, name))
    return [name for _, _, name in sorted(whole) + sorted(partly)]
