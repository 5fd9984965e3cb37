"""HTML for people."""

from fastapi import APIRouter

from app.pages import docs, welcome

PAGES: tuple[APIRouter, ...] = (welcome.router, docs.router)
