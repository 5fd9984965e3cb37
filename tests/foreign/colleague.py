"""A user of one Postern who signs in at another one with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx

from tests.foreign.person import Person
from tests.support.identity_provider import asked_in
from tests.support.people import person_with
from tests.support.two_posterns import NAME, TwoPosterns
from tests.support.visitor import Visitor

BUTTON = f"/login/with/{NAME}"


class Colleague:
    """A user with an account at the company, and a browser in which they are signed in there."""

    def __init__(self, posterns: TwoPosterns, person: Person, visitor: Visitor) -> None:
        self.posterns = posterns
        self.person = person
        self.visitor = visitor

    async def goes(self, away: httpx.Response) -> httpx.Response:
        """From the page on the way to the company, through its pages, to the page after it."""
        back = urlsplit(await self.person.browse(asked_in(away).url))
        assert f"{back.scheme}://{back.netloc}" == self.posterns.here.url
        return await self.visitor.follow(await self.visitor.http.get(f"{back.path}?{back.query}"))

    async def signs_in(self) -> httpx.Response:
        page = await self.visitor.get("/login")
        return await self.goes(await self.visitor.submit(page, to=BUTTON))

    async def creates_an_account(self) -> str:
        """Sign in for the first time; return the new username."""
        name = self.posterns.app.new_name()
        new = await self.signs_in()
        home = await self.visitor.follow(
            await self.visitor.submit(new, to="/login/new-here", username=name)
        )
        assert name in home.text, home.text
        return name

    async def forgets_everything(self) -> None:
        self.visitor.http.cookies.clear()


@asynccontextmanager
async def colleague_at(posterns: TwoPosterns) -> AsyncIterator[Colleague]:
    """Open browsers at both servers for a new user of the company."""
    name = posterns.at_company.new_name("colleague")
    user = await person_with(
        posterns.at_company, name="Cleo Colleague", email=f"{name}@company.example"
    )
    async with posterns.company.client() as there, posterns.here.client() as here:
        for http in (there, here):
            http.headers["accept"] = "text/html"
        yield Colleague(
            posterns, Person(posterns.at_company, there, user), Visitor(posterns.app, here)
        )
