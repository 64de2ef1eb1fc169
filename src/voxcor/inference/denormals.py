"""Numbers below float32's normal range, taken as zero while a model runs.

    with taken_as_zero():
        session.run(...)

ALiBi makes most of a long clip's attention exp(-100) and less. Processors of the x86 family leave
such numbers to microcode, a hundred times as slow as any other, and beside a softmax's largest they
are nothing. A runtime says so to the threads it makes; the thread that calls it works along, and is
told here, for as long as the call takes: whoever called has other plans for small numbers.
"""

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

# fenv_t of the C libraries for x86-64: 28 bytes of x87 state, then the register MXCSR.
_Environment = ctypes.c_uint32 * 8
_MXCSR = 7

# Flush-to-zero (bit 15) and denormals-are-zero (bit 6): Intel's manual, volume 1, section 10.2.3.
_AS_ZERO = 0x8040


@contextmanager
def taken_as_zero() -> Iterator[None]:
    """Lets this thread compute with zero in the place of subnormal numbers, and ends that again.

    Where nothing is known of the processor or the C library, nothing is done: it only takes longer.
    """
    libm = _libm()
    if libm is None:
        yield
        return
    before = _Environment()
    libm.fegetenv(before)
    within = _Environment(*before)
    within[_MXCSR] |= _AS_ZERO
    libm.fesetenv(within)
    try:
        yield
    finally:
        libm.fesetenv(before)


@cache
def _libm() -> ctypes.CDLL | None:
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return None
    try:
        return ctypes.CDLL("libm.so.6")
    except OSError:  # another C library
        return None
