"""The baseline that every recurrent network has to beat: averaged word vectors and one linear layer, no order of words.

That is the model of "fastText" without bigrams (Joulin et al. 2017, arXiv 1607.01759).
"""

from search_spaces.config import TrialConfig

AVERAGED_EMBEDDINGS = "averaged-embeddings"
"""The baseline's name where a trial has its id."""

AVERAGING_CONFIG = TrialConfig(
    cell="none",
    pooling="mean",
    bidirectional=False,
    vocabulary=20_000,
    embedding=16,
    dropout=0.0,
    optimizer="adam",
    learning_rate=5e-3,
    batch_size=64,
)
"""Its fixed settings. They were not searched for, the networks' were."""
