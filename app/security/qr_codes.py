"""QR codes for authenticator apps: a PNG for JSON responses, half blocks for a terminal."""

import base64
import io

BOX_PIXELS = 6


def png_base64(text: str) -> str:
    """Return a PNG in base64. Takes some ten milliseconds: call it in a thread."""
    import qrcode  # imported late: only registrations need it
    from qrcode.image.pure import PyPNGImage

    image = qrcode.make(text, image_factory=PyPNGImage, box_size=BOX_PIXELS)
    buffer = io.BytesIO()
    image.save(buffer)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def terminal_lines(text: str) -> str:
    """Draw the code with half blocks, dark on light, whatever the terminal's colours are."""
    import qrcode

    code = qrcode.QRCode(border=2)
    code.add_data(text)
    code.make(fit=True)
    buffer = io.StringIO()
    code.print_ascii(out=buffer, invert=True)
    return buffer.getvalue()
