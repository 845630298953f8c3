"""The adapters that let Ray Tune run a search: the only modules that import Ray."""
