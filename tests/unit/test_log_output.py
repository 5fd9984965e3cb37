"""The stream of a server's log: what happens where its reader stalls and comes back."""

import errno
import io
import os
import threading
from collections.abc import Iterator

import pytest

from app.observability.log_output import MAXIMUM_CHARACTERS, LogOutput

LINE = "x" * 1023 + "\n"


def describe(count: int) -> str:
    return f"{count} log lines dropped"


def counted(lines: list[str]) -> int:
    """How many lines were dropped, by what the log says."""
    return sum(int(line.split()[0]) for line in lines if line.endswith("dropped"))


class Pipe:
    def __init__(self) -> None:
        self.read_end, write_end = os.pipe()
        self.target = os.fdopen(write_end, "w")
        self.output = LogOutput(self.target, describe)

    def read(self, size: int) -> None:
        while size > 0:
            size -= len(os.read(self.read_end, size))

    def read_to_the_end(self) -> str:
        """All that was written; the output ends."""
        self.output.close()
        self.target.close()
        with os.fdopen(self.read_end) as reader:
            return reader.read()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    return Pipe()


def test_lines_are_written_in_order(pipe: Pipe) -> None:
    for number in range(1000):
        pipe.output.write(f"{number}\n")

    assert pipe.read_to_the_end().splitlines() == [str(number) for number in range(1000)]


@pytest.mark.slow
def test_lines_that_do_not_fit_are_dropped_and_counted_when_the_reader_resumes(pipe: Pipe) -> None:
    fits = MAXIMUM_CHARACTERS // len(LINE)
    for _ in range(3 * fits):
        pipe.output.write(LINE)

    lines = pipe.read_to_the_end().splitlines()

    stored = lines.count(LINE.rstrip())
    assert fits <= stored < 3 * fits
    assert stored + counted(lines) == 3 * fits


@pytest.mark.slow
def test_a_line_after_a_gap_follows_the_count_of_dropped_lines(pipe: Pipe) -> None:
    while not pipe.output.dropped:
        pipe.output.write(LINE)
    reading = threading.Thread(target=pipe.read, args=(MAXIMUM_CHARACTERS // 2,))
    reading.start()
    reading.join()
    pipe.output.write("after the gap\n")

    lines = pipe.read_to_the_end().splitlines()

    place = lines.index("after the gap")
    assert counted(lines[:place]) == pipe.output.dropped
    assert lines[place - 1] == describe(pipe.output.dropped)


def test_writing_to_a_closed_reader_raises_no_error(pipe: Pipe) -> None:
    os.close(pipe.read_end)

    pipe.output.write("nobody reads this\n")
    pipe.output.drain()

    pipe.read_end = os.open(os.devnull, os.O_RDONLY)
    assert pipe.read_to_the_end() == ""


def test_an_in_memory_stream_is_written_to_immediately() -> None:
    target = io.StringIO()
    output = LogOutput(target, describe)

    output.write("a line\n")

    assert target.getvalue() == "a line\n"


class FullDisk(io.StringIO):
    """The stream of a file that cannot grow."""

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_writing_to_a_full_disk_raises_no_error() -> None:
    output = LogOutput(FullDisk(), describe)

    output.write("one line\nand another\n")
    output.drain()

    assert output.dropped == 2


def test_text_that_utf_8_cannot_encode_is_escaped(pipe: Pipe) -> None:
    pipe.output.write("a \ud800 line\n")

    assert pipe.read_to_the_end() == "a \\ud800 line\n"
