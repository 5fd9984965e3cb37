"""Hosts on which anyone can publish a document: there, the path says who did, not the host."""

from urllib.parse import urlsplit

SHARED_HOSTS = frozenset(
    {
        "bitbucket.org",
        "cdn.jsdelivr.net",
        "codeberg.org",
        "drive.google.com",
        "gist.githubusercontent.com",
        "gitlab.com",
        "huggingface.co",
        "ipfs.io",
        "pastebin.com",
        "raw.githack.com",
        "raw.githubusercontent.com",
        "sites.google.com",
        "storage.googleapis.com",
        "unpkg.com",
    }
)
SHARED_DOMAINS = (
    ".amazonaws.com",
    ".appspot.com",
    ".azurewebsites.net",
    ".blob.core.windows.net",
    ".cloudfront.net",
    ".codeberg.page",
    ".deno.dev",
    ".firebaseapp.com",
    ".fly.dev",
    ".github.io",
    ".gitlab.io",
    ".herokuapp.com",
    ".netlify.app",
    ".ngrok-free.app",
    ".ngrok.app",
    ".onrender.com",
    ".pages.dev",
    ".r2.dev",
    ".readthedocs.io",
    ".replit.app",
    ".run.app",
    ".supabase.co",
    ".trycloudflare.com",
    ".vercel.app",
    ".web.app",
    ".workers.dev",
)


def place_of(url: str) -> str:
    """Return what identifies the publisher of a URL: its host, on shared hosting with the path."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    place = host if parts.port in (None, 443) else f"{host}:{parts.port}"
    is_shared = host in SHARED_HOSTS or host.endswith(SHARED_DOMAINS)
    return place + parts.path if is_shared else place
