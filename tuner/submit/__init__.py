"""Searches on a cluster from here: reaching its head, sending the working tree as a Ray job, following it, fetching its run."""
