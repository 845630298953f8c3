"""Spaces in a line of Python."""

from collections.abc import Mapping

from search_spaces import space as spaces
from search_spaces.documents import SpaceError, space_document, space_of
from search_spaces.domains import Choice, Domain, Grid, Integer, LogGrid, LogUniform, Uniform, Value
from tuner.errors import InputError


def choice(*values: Value) -> Choice:
    """One of the values, all equally likely.

    >>> tuner.choice("gru", "lstm")
    Choice(values=('gru', 'lstm'))
    """
    return Choice(values)


def integer(low: int, high: int) -> Integer:
    """A whole number from low to high, both included.

    >>> tuner.integer(1, 3)
    Integer(low=1, high=3)
    """
    return Integer(low, high)


def uniform(low: float, high: float) -> Uniform:
    """A number from low to high, both included.

    >>> tuner.uniform(0.0, 0.5)
    Uniform(low=0.0, high=0.5)
    """
    return Uniform(low, high)


def log_uniform(low: float, high: float) -> LogUniform:
    """A number from low to high, uniform in its logarithm.

    >>> tuner.log_uniform(1e-3, 2e-2)
    LogUniform(low=0.001, high=0.02)
    """
    return LogUniform(low, high)


def grid(low: float, high: float, points: int) -> Grid[float]:
    """So many evenly spaced numbers from low to high, both included; whole ones between whole bounds.

    >>> tuner.grid(0, 8, 3).grid()
    (0, 4, 8)
    """
    return Grid(low, high, points)


def log_grid(low: float, high: float, points: int) -> LogGrid[float]:
    """So many numbers from low to high, each the same multiple of the one before.

    >>> tuner.log_grid(8, 64, 4).grid()
    (8, 16, 32, 64)
    """
    return LogGrid(low, high, points)


def Space(  # noqa: N802  named as what it returns
    *, name: str = "space", max_params: int | None = None, **parameters: Domain | Value
) -> spaces.Space:
    """A space to search: a domain, or one value, for each hyperparameter; the others keep their defaults.

    Args:
        name: what the space is called in tables and in ``search.yaml``.
        max_params: no network of more parameters.
        parameters: by hyperparameter (listed in ``search_spaces/README.md``).

    Raises:
        InputError: for a name that no hyperparameter has, and a value that one cannot have.

    >>> space = tuner.Space(cell=tuner.choice("gru", "lstm"), units=tuner.log_grid(8, 64, 4), pooling="max")
    >>> space.varying()
    ('cell', 'units')
    """
    domains: Mapping[str, Domain] = {
        key: Choice((value,)) if isinstance(value, bool | int | float | str) else value
        for key, value in parameters.items()
    }
    try:
        # By way of the form that files have, which checks every value as it does there.
        return space_of(space_document(spaces.Space(name, domains, max_params=max_params)), origin="space", name=name)
    except SpaceError as error:
        raise InputError(str(error).replace("parameters.", "")) from None
    except ValueError as error:
        raise InputError(f"space: {error}") from None
