"""Snippets: how applications are set up for a client. A snippet is a template and a line here."""

from app.services.clients.snippets.snippet import Snippet

SNIPPETS = (
    Snippet("grafana", needs_secret=True, allows_query=True),
    Snippet("argocd", needs_secret=True, allows_query=True),
    Snippet("kubernetes", needs_secret=False, allows_query=True),
    Snippet("nextcloud", needs_secret=True, allows_query=True),
    Snippet("oauth2-proxy", needs_secret=True, allows_query=True),
    Snippet("curl", needs_secret=False, allows_query=True),
    Snippet("fastapi", needs_secret=True, allows_query=True),
    Snippet("nextjs", needs_secret=True, allows_query=False),
    Snippet("django", needs_secret=True, allows_query=False),
)
