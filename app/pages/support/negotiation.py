"""Content negotiation (RFC 9110 section 12.5): HTML or JSON, and the language."""


def prefers_html(accept: str) -> bool:
    """Return whether an `Accept` header prefers HTML to JSON.

    Browsers list text/html first or with the highest quality; API clients do not list it.
    """
    preferences = dict(_liked(accept))
    html = preferences.get("text/html", (0.0, 0))
    json = max(
        preferences.get("application/json", (0.0, 0)), preferences.get("application/*", (0.0, 0))
    )
    return html[0] > 0 and html > json


def languages(accept_language: str) -> list[str]:
    """Return the language tags of an `Accept-Language` header in lower case, preferred first."""
    preferred = [
        (preference, tag) for tag, preference in _liked(accept_language) if preference[0] > 0
    ]
    return [tag for _, tag in sorted(preferred, reverse=True)]


def _liked(header: str) -> list[tuple[str, tuple[float, int]]]:
    """Return each value of a header with its preference: the quality, then the negated position.

    Only the first 50 values are read.
    """
    values = []
    for position, part in enumerate(header.lower().split(",")[:50]):
        value, *parameters = (item.strip() for item in part.split(";"))
        values.append((value, (_quality(parameters), -position)))
    return values


def _quality(parameters: list[str]) -> float:
    """Return the `q` parameter: 1 if it is absent, 0 if it is not a number."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
