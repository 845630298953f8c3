"""A user's own model in place of our networks: finding it, shipping it to workers, discovering its space, building it."""
