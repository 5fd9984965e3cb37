"""Hosts on which anyone can publish a document: there, path and query say who did, not the host."""

from urllib.parse import urlsplit

SHARED_HOSTS = frozenset(
    {
        "bitbucket.org",
        "cdn.jsdelivr.net",
        "cdn.statically.io",
        "codeberg.org",
        "dpaste.com",
        "drive.google.com",
        "esm.sh",
        "fastly.jsdelivr.net",
        "firebasestorage.googleapis.com",
        "gist.githubusercontent.com",
        "gitea.com",
        "gitee.com",
        "gitlab.com",
        "huggingface.co",
        "ipfs.io",
        "paste.rs",
        "pastebin.com",
        "raw.githack.com",
        "raw.githubusercontent.com",
        "rawcdn.githack.com",
        "res.cloudinary.com",
        "sites.google.com",
        "storage.googleapis.com",
        "unpkg.com",
    }
)
SHARED_DOMAINS = (
    ".amazonaws.com",
    ".appspot.com",
    ".azureedge.net",
    ".azurestaticapps.net",
    ".azurewebsites.net",
    ".backblazeb2.com",
    ".blob.core.windows.net",
    ".cloudflarestorage.com",
    ".cloudfront.net",
    ".cloudfunctions.net",
    ".codeberg.page",
    ".deno.dev",
    ".digitaloceanspaces.com",
    ".dropboxusercontent.com",
    ".firebaseapp.com",
    ".fly.dev",
    ".github.io",
    ".gitlab.io",
    ".glitch.me",
    ".googleusercontent.com",
    ".herokuapp.com",
    ".hf.space",
    ".netlify.app",
    ".ngrok-free.app",
    ".ngrok.app",
    ".ngrok.io",
    ".on.aws",
    ".onrender.com",
    ".pages.dev",
    ".r2.dev",
    ".readthedocs.io",
    ".replit.app",
    ".run.app",
    ".supabase.co",
    ".surge.sh",
    ".trycloudflare.com",
    ".vercel.app",
    ".web.app",
    ".webflow.io",
    ".workers.dev",
)


def place_of(url: str) -> str:
    """Return what identifies the publisher of a URL: its host, on shared hosting with all that
    follows."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    place = host if parts.port in (None, 443) else f"{host}:{parts.port}"
    is_shared = host in SHARED_HOSTS or host.endswith(SHARED_DOMAINS)
    if not is_shared:
        return place
    return f"{place}{parts.path}?{parts.query}" if parts.query else f"{place}{parts.path}"
