"""What a caller wants to read (RFC 9110 section 12.5): HTML or JSON, and in which language."""


def prefers_html(accept: str) -> bool:
    """Browsers name text/html first, or like it best; programs that want JSON do not name it."""
    liking = dict(_liked(accept))
    html = liking.get("text/html", (0.0, 0))
    json = max(liking.get("application/json", (0.0, 0)), liking.get("application/*", (0.0, 0)))
    return html[0] > 0 and html > json


def languages(accept_language: str) -> list[str]:
    """Language tags in lower case, the best liked first."""
    liked = [(liking, tag) for tag, liking in _liked(accept_language) if liking[0] > 0]
    return [tag for _, tag in sorted(liked, reverse=True)]


def _liked(header: str) -> list[tuple[str, tuple[float, int]]]:
    """Each value with how well it is liked: by its quality, then by its place."""
    found = []
    for place, part in enumerate(header.lower().split(",")[:50]):
        value, *parameters = (each.strip() for each in part.split(";"))
        found.append((value, (_quality(parameters), -place)))
    return found


def _quality(parameters: list[str]) -> float:
    """From 0, not at all, to 1."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
