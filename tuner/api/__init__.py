"""The functions of the package ``tuner``: searches, confirmations and exports from Python."""
