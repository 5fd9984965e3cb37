"""Reads a QR code that was drawn with half blocks, as a camera in front of the terminal would."""

import zxingcpp

LIT = {" ": (0, 0), "\u00a0": (0, 0), "\u2580": (1, 0), "\u2584": (0, 1), "\u2588": (1, 1)}
SCALE = 4


def qr_text_in(output: str) -> str:
    """The text of the code among the lines of an output; fails where there is none."""
    lines = [
        line for line in output.splitlines() if len(line) > 20 and all(char in LIT for char in line)
    ]
    rows = [[LIT[char][half] for char in line] for line in lines for half in (0, 1)]
    width = max(map(len, rows))
    pixels = bytes(
        255 * value
        for row in rows
        for _ in range(SCALE)
        for value in [*row, *[0] * (width - len(row))]
        for _ in range(SCALE)
    )
    image = memoryview(pixels).cast("B", (len(rows) * SCALE, width * SCALE))
    found = zxingcpp.read_barcodes(image)
    assert len(found) == 1
    return str(found[0].text)
