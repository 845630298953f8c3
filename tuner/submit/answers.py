"""What Ray's client raises, as one line."""

from collections.abc import Iterator
from contextlib import contextmanager

from tuner.errors import InputError


@contextmanager
def answering(cluster: str) -> Iterator[None]:
    """Turns what Ray's client raises into one line.

    Raises:
        InputError: with the cluster, the reason and the remedy.
    """
    from ray.exceptions import AuthenticationError
    from requests.exceptions import RequestException

    try:
        yield
    except AuthenticationError as error:
        raise InputError(
            f"{cluster}: the head refuses the token ({first_line(error)}); the cluster's token belongs into "
            "~/.ray/auth_token of this machine"
        ) from None
    except (RequestException, ConnectionError) as error:
        raise InputError(
            f"{cluster}: no job server answers ({first_line(error)}); the head needs a dashboard and ray[default], which "
            "`pip install '.[cluster]'` brings"
        ) from None
    except (RuntimeError, ValueError) as error:
        raise InputError(f"{cluster}: Ray refuses ({first_line(error)})") from None


def first_line(error: Exception) -> str:
    """The first line of a message, or the kind of the error where it has none."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__
