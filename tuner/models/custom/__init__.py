"""A custom model in place of the built-in networks: finding, shipping, discovering its space, building."""
