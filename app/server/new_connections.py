"""Refuse new connections without losing those that the kernel has accepted already."""

import contextlib
import ctypes
import socket
import struct
import sys

SO_ATTACH_FILTER = 26
NO_SYN = (
    (0x30, 0, 0, 13),  # load the byte with the flags of the TCP header
    (0x45, 0, 1, 0x02),  # SYN is set: go on, otherwise skip one
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # keep
)
"""A packet filter (Linux, socket(7)) as code, jumps where true and false, and operand."""


def refuse_new_connections(listener: socket.socket) -> None:
    """Let the kernel ignore requests for new connections.

    What it has accepted stays in the queue, so that the queue can be emptied before the socket is
    closed. A client that connects again reaches the next server, if there is one. On Linux only:
    elsewhere a connection that arrives between the last look at the queue and the closing is reset.
    """
    if sys.platform != "linux":
        return
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in NO_SYN))
    program = struct.pack("HP", len(NO_SYN), ctypes.addressof(code))
    with contextlib.suppress(OSError):  # a sandbox may not know filters
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
