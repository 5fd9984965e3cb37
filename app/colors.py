"""Readable colours derived from the brand's (WCAG 2.2, relative luminance and contrast)."""

import colorsys

Color = tuple[int, int, int]
WHITE: Color = (255, 255, 255)
BLACK: Color = (0, 0, 0)
DARK_CARD: Color = (26, 33, 43)
TEXT_CONTRAST = 7.0
EDGE_CONTRAST = 3.0
STEPS = 40


def brand_properties(brand: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the CSS custom properties for the light and the dark scheme; `brand` is `#rrggbb`.

    `--accent` is a readable shade, for links and focus rings. A `--button` has the colour itself
    and, where the page does not set it off, an edge in the shade.
    """
    color = _parse(brand)
    on_light = _until_readable(color, against=WHITE, lightness=0.0)
    on_dark = _until_readable(color, against=DARK_CARD, lightness=1.0)
    return (
        _accent(on_light) | _button(color, card=WHITE, edge=on_light),
        _accent(on_dark) | _button(color, card=DARK_CARD, edge=on_dark),
    )


def text_color_on(background: str) -> str:
    """Return black or white, whichever is more readable: the contrast is at least 4.5."""
    return _hex(_text_on(_parse(background)))


def contrast(first: Color, second: Color) -> float:
    """Return the contrast ratio, from 1 (same colour) to 21 (black on white)."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _accent(color: Color) -> dict[str, str]:
    return {"--accent": _hex(color), "--on-accent": _hex(_text_on(color))}


def _button(color: Color, *, card: Color, edge: Color) -> dict[str, str]:
    text = _text_on(color)
    is_set_off = contrast(color, card) >= EDGE_CONTRAST
    return {
        "--button": _hex(color),
        "--on-button": _hex(text),
        "--button-pressed": _hex(BLACK if text == WHITE else WHITE),
        "--button-edge": _hex(color if is_set_off else edge),
    }


def _text_on(color: Color) -> Color:
    return max((WHITE, BLACK), key=lambda each: contrast(color, each))


def _until_readable(color: Color, *, against: Color, lightness: float) -> Color:
    """Move the colour towards `lightness` in steps until its contrast is at least TEXT_CONTRAST."""
    hue, start, saturation = colorsys.rgb_to_hls(*(value / 255 for value in color))
    if contrast(color, against) >= TEXT_CONTRAST:
        return color
    for step in range(1, STEPS):
        step_lightness = start + (lightness - start) * step / STEPS
        red, green, blue = colorsys.hls_to_rgb(hue, step_lightness, saturation)
        adjusted = round(red * 255), round(green * 255), round(blue * 255)
        if contrast(adjusted, against) >= TEXT_CONTRAST:
            return adjusted
    return WHITE if lightness else BLACK


def _luminance(color: Color) -> float:
    red, green, blue = (_linear(value / 255) for value in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _parse(text: str) -> Color:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _hex(color: Color) -> str:
    return "#" + "".join(f"{value:02x}" for value in color)
