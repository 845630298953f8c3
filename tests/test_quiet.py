import os
import sys

import pytest

from tuner.errors import InputError
from tuner.quiet import quiet_stderr


def noise():
    os.write(2, b"noise of a library\n")


def fail_quietly(error):
    with quiet_stderr():
        noise()
        raise error


def test_what_a_library_writes_is_not_seen(capfd):
    with quiet_stderr():
        noise()
    sys.stderr.write("seen\n")
    assert capfd.readouterr().err == "seen\n"


def test_a_failure_shows_what_was_held_back(capfd):
    with pytest.raises(ZeroDivisionError):
        fail_quietly(ZeroDivisionError())
    assert "noise of a library" in capfd.readouterr().err


def test_an_error_of_ours_says_it_in_one_line(capfd):
    with pytest.raises(InputError, match="one line"):
        fail_quietly(InputError("one line"))
    assert capfd.readouterr().err == ""
