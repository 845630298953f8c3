import numpy as np
import pytest

from support.lazy import Lazy
from tuner.data.tokenizer import Tokenizer

text_graph = Lazy("tuner.export.text_graph")
pytestmark = pytest.mark.tensorflow

EVERY = [chr(code) for code in (*range(0xD800), *range(0xE000, 0x110000))]


def test_the_tables_lower_every_character_as_python_does():
    tables, page = text_graph.lower_case(), text_graph.PAGE
    codes = np.array([ord(char) for char in EVERY])
    lowered = codes + tables.shifts[tables.page_of[codes // page] * page + codes % page]
    by_rule = {rule.pattern: rule.replacement for rule in tables.rules}
    assert [by_rule.get(char, chr(low)) for char, low in zip(EVERY, lowered, strict=True)] == [c.lower() for c in EVERY]
    assert tables.shifts.nbytes + tables.page_of.nbytes < 100_000  # they travel with every model


def test_no_rule_is_left_to_the_graphs_own_unicode_version():
    for rule in text_graph.explicit_rules(Tokenizer(characters=True)):
        assert r"\p" not in rule.pattern
