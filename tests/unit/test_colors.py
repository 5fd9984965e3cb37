"""Readable colours from whatever accent an operator chose (WCAG 2.2 section 1.4.6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.colors import (
    BLACK,
    DARK_CARD,
    TEXT_CONTRAST,
    WHITE,
    Color,
    brand_properties,
    contrast,
    text_color_on,
)

channel = st.integers(0, 255)
colors = st.tuples(channel, channel, channel)


def hex_of(color: Color) -> str:
    return "#" + "".join(f"{value:02x}" for value in color)


def parsed(text: str) -> Color:
    assert len(text) == 7
    assert text[0] == "#"
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


@given(colors)
def test_a_link_is_readable_in_both_color_schemes(color: Color) -> None:
    """Contrast 7 against the card that it stands on"""
    light, dark = brand_properties(hex_of(color))

    assert contrast(parsed(light["--accent"]), WHITE) >= TEXT_CONTRAST
    assert contrast(parsed(dark["--accent"]), DARK_CARD) >= TEXT_CONTRAST


@given(colors)
def test_the_text_on_the_accent_is_readable(color: Color) -> None:
    for properties in brand_properties(hex_of(color)):
        on_accent = parsed(properties["--on-accent"])

        assert contrast(parsed(properties["--accent"]), on_accent) >= TEXT_CONTRAST


@given(colors)
def test_a_button_has_the_brand_color_with_readable_black_or_white_text(color: Color) -> None:
    for properties in brand_properties(hex_of(color)):
        text = properties["--on-button"]

        assert properties["--button"] == hex_of(color)
        assert text in ("#000000", "#ffffff")
        assert text == text_color_on(hex_of(color))
        assert contrast(color, parsed(text)) >= 4.5


@given(colors)
def test_a_pressed_button_contrasts_more_with_its_text(color: Color) -> None:
    for properties in brand_properties(hex_of(color)):
        pressed, text = parsed(properties["--button-pressed"]), parsed(properties["--on-button"])

        assert contrast(pressed, text) == pytest.approx(21)


@given(colors)
def test_the_edge_of_a_button_is_visible_on_the_page(color: Color) -> None:
    """WCAG 1.4.11, contrast 3"""
    for properties, card in zip(brand_properties(hex_of(color)), (WHITE, DARK_CARD), strict=True):
        assert contrast(parsed(properties["--button-edge"]), card) >= 3


@given(colors)
def test_a_readable_accent_color_is_not_changed(color: Color) -> None:
    light, dark = brand_properties(hex_of(color))

    assert (light["--accent"] == hex_of(color)) == (contrast(color, WHITE) >= TEXT_CONTRAST)
    assert (dark["--accent"] == hex_of(color)) == (contrast(color, DARK_CARD) >= TEXT_CONTRAST)


@given(colors, colors)
def test_contrast_is_symmetric_and_between_1_and_21(one: Color, other: Color) -> None:
    assert contrast(one, other) == contrast(other, one)
    assert 1 <= contrast(one, other) <= 21


@given(colors)
def test_the_contrast_of_a_color_with_itself_is_1(color: Color) -> None:
    assert contrast(color, color) == 1


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (BLACK, WHITE, 21.0),
        ((255, 0, 0), WHITE, 3.998),
        ((0, 0, 255), WHITE, 8.592),
        ((118, 118, 118), WHITE, 4.542),
        ((119, 119, 119), WHITE, 4.478),
    ],
)
def test_contrast_matches_known_values_of_the_standard(
    one: Color, other: Color, expected: float
) -> None:
    """Known pairs: #767676 is the lightest grey that passes AA on white"""
    assert contrast(one, other) == pytest.approx(expected, abs=0.001)


def test_color_codes_are_case_insensitive() -> None:
    assert brand_properties("#ABCDEF") == brand_properties("#abcdef")
