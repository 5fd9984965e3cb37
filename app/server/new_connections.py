"""Refuse new connections without losing those that the kernel has already accepted."""

import contextlib
import ctypes
import socket
import struct
import sys

SO_ATTACH_FILTER = 26
NO_SYN = (
    (0x30, 0, 0, 13),  # load the byte with the flags of the TCP header
    (0x45, 0, 1, 0x02),  # if SYN is set, continue, otherwise skip one
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # keep
)
"""A packet filter (Linux, socket(7)): opcode, jumps if true and if false, and operand."""


def refuse_new_connections(listener: socket.socket) -> None:
    """Make the kernel ignore requests for new connections.

    Accepted connections stay in the queue, so that it can be emptied before the socket is closed.
    A client that connects again reaches the next server, if it exists. This works on Linux only:
    on other systems, a connection that arrives between the last check of the queue and the close
    is reset.
    """
    if sys.platform != "linux":
        return
    code = ctypes.create_string_buffer(
        b"".join(struct.pack("HBBI", *instruction) for instruction in NO_SYN)
    )
    program = struct.pack("HP", len(NO_SYN), ctypes.addressof(code))
    with contextlib.suppress(OSError):  # a sandbox may not support filters
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
