"""Links to the pages of clients, which depend on whether a client has a metadata document."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from app.pages.admin.navigation import url_of
from app.pages.admin.views import Cell
from app.security.document_urls import is_document_url, is_of_document
from app.security.shared_hosting import place_of
from app.security.text import is_storable
from app.services.clients.agents import Naming

AGENTS = "agents"


def _key_of_agent(client_id: str) -> str:
    """Return the stored form of an identifier as a part of a path, where no URL can be."""
    return urlsafe_b64encode(client_id.encode()).decode().rstrip("=")


def client_id_in(key: str) -> str | None:
    """Return the stored form of the identifier that a part of a path has, or None."""
    try:
        client_id = urlsafe_b64decode(f"{key}{'=' * (-len(key) % 4)}").decode("ascii")
    except ValueError:
        return None
    return client_id if is_of_document(client_id) and is_storable(client_id) else None


def key_of_client(client_id: str) -> str:
    """Return an identifier as a part of a path."""
    return _key_of_agent(client_id) if is_of_document(client_id) else client_id


def url_of_client(client_id: str) -> str:
    place = AGENTS if is_of_document(client_id) else "clients"
    return f"{url_of(place)}/{key_of_client(client_id)}"


def client_cell(client_id: str, naming: Naming) -> Cell:
    """Return a client; one with a document by the place of that, with its URL below."""
    name = naming(client_id)
    if not is_document_url(name):
        return Cell(name, url=url_of_client(client_id))
    return Cell(place_of(name), small=name, url=url_of_client(client_id))
