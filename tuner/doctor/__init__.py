"""What can be wrong with a machine or a cluster: facts from every node, and what follows from them."""
