"""Marking of texts that are translated where they are shown."""


def N_(text: str) -> str:  # noqa: N802 - gettext's name for marking a text that is translated later
    return text
