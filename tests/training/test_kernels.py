import pytest

from tuner.models.cells import CELLS as RECURRENT
from tuner.training.program_key import Kernel, kernel_of

CELLS = (*RECURRENT, "mlp", "none")


@pytest.mark.parametrize("cell", CELLS)
def test_without_a_gpu_all_run_the_fast_recurrence(cell):
    assert kernel_of(cell, one_hot=False, gpu=False) is Kernel.RECURRENCE


@pytest.mark.parametrize("cell", CELLS)
def test_on_a_gpu_cudnn_runs_what_it_has_and_xla_the_rest(cell):
    has_cudnn = cell in ("lstm", "gru")
    assert kernel_of(cell, one_hot=False, gpu=True) is (Kernel.CUDNN if has_cudnn else Kernel.LAYERS)
    assert kernel_of(cell, one_hot=True, gpu=True) is Kernel.RECURRENCE
