import ctypes
import platform
import resource
import subprocess
import sys

import psutil
import pytest

from tuner.models.device import give_back_freed_memory, keep_freed_memory

PIECE = 64 * 2**20


def faults_of_a_second_piece() -> int:
    """Pages that the system has to bring when a piece is taken, filled and freed for the second time."""
    library = ctypes.CDLL(None)
    library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    library.free.argtypes = [ctypes.c_void_p]
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        piece = library.malloc(PIECE)
        ctypes.memset(piece, 1, PIECE)
        library.free(piece)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators are left as they are")
@pytest.mark.parametrize("kept", [False, True])
def test_a_freed_piece_is_used_again_without_the_system(kept):
    process = subprocess.run([sys.executable, __file__, str(kept)], stdout=subprocess.PIPE, text=True, check=True)
    faults, growth = map(int, process.stdout.split())
    assert (faults < 100) is kept
    assert growth < PIECE // 2


if __name__ == "__main__":  # a process of its own, for the setting cannot be taken back
    resident = psutil.Process().memory_info().rss
    if sys.argv[1] == "True":
        keep_freed_memory()
    faults = faults_of_a_second_piece()
    give_back_freed_memory()
    sys.stdout.write(f"{faults} {psutil.Process().memory_info().rss - resident}")
