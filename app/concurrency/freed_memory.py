"""Return freed memory to the operating system instead of leaving it to the C library."""

import sys

MALLOC_TRIM_THRESHOLD = -1
MALLOC_MMAP_THRESHOLD = -3
LARGEST_KEPT_BLOCK = 32 << 20
"""glibc's own limit: it maps larger blocks one by one and unmaps them when they are freed."""
TRIGGER = 256 << 10
"""Size of a block whose release makes glibc trim: 64 KiB or more."""


def return_freed_memory() -> None:
    """Return the memory that this thread has freed. This needs glibc and does nothing without it.

    `malloc_trim` does not return the end of a thread's own arena, which held the 19 MiB of a
    password hash. Freeing a block with a low threshold does. The thresholds set afterwards are
    those that glibc would choose itself after such a block: a lower one costs each hash thousands
    of page faults, half as much time again.
    """
    if sys.platform != "linux":
        return
    import ctypes  # late import: no other code needs it

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
