"""Models that leave: SavedModels that take raw strings, Keras and LiteRT files, their cards, and predicting with them."""
