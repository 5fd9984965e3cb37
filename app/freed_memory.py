"""Return memory to the operating system that the C library's allocator keeps for later."""

import sys

MALLOC_TRIM_THRESHOLD = -1
MALLOC_MMAP_THRESHOLD = -3
LARGEST_KEPT_BLOCK = 32 << 20
"""glibc's own limit: it maps larger blocks one by one and unmaps them when they are freed."""
TRIGGER = 256 << 10
"""A block that glibc trims for when it is freed: from 64 KiB on."""


def return_freed_memory() -> None:
    """Return what this thread has freed; needs glibc, and does nothing on other systems.

    `malloc_trim` does not return the end of a thread's own arena, which is where 19 MiB of a
    password hash were. Freeing a block with a low threshold does. The thresholds that follow are
    those that glibc would choose itself after such a block: a lower one costs each hash thousands
    of page faults, half as much time again.
    """
    if sys.platform != "linux":
        return
    import ctypes  # late: it is only needed here

    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return
    library.malloc.restype = ctypes.c_void_p
    library.malloc.argtypes = [ctypes.c_size_t]
    library.free.argtypes = [ctypes.c_void_p]
    library.mallopt(MALLOC_MMAP_THRESHOLD, LARGEST_KEPT_BLOCK)
    library.mallopt(MALLOC_TRIM_THRESHOLD, TRIGGER)
    library.free(library.malloc(TRIGGER))
    library.mallopt(MALLOC_TRIM_THRESHOLD, 2 * LARGEST_KEPT_BLOCK)
