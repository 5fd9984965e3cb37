"""Reads a QR code as an authenticator app's camera would."""

import base64

import png
import zxingcpp


def text_in(qr_code: str) -> str:
    """The text in a PNG that came in base64; fails where there is not exactly one code."""
    width, height, rows, info = png.Reader(bytes=base64.b64decode(qr_code)).asDirect()
    assert info["greyscale"]
    brightest = 2 ** info["bitdepth"] - 1
    pixels = bytes(255 * value // brightest for row in rows for value in row)
    image = memoryview(pixels).cast("B", (height, width))

    found = zxingcpp.read_barcodes(image)

    assert len(found) == 1
    return str(found[0].text)
