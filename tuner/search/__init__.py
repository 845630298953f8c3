"""The search: searchers and schedulers as plain classes, and the adapters that let Ray Tune run them."""
