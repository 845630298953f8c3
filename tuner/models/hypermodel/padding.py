"""To how many tokens the texts of a user's own model are padded."""

_SHORTEST = 8


def padded_lengths(longest: int) -> tuple[int, ...]:
    """8, 16, 24, 32, 48, 64, 96, 128 and so on, two a doubling, up to the longest text; each text to the first that holds it.

    They depend on nothing but ``--max-length``: a model that does not mask padding answers a text always in the same way, in
    training, in evaluation and where it is served, whatever lies beside it in a batch.
    """
    lengths, length = [_SHORTEST], 2 * _SHORTEST
    while length < longest:
        lengths += [length, length * 3 // 2]
        length *= 2
    return (*(length for length in lengths if length < longest), longest)
