"""Many people who sign in at once: each opens the form, posts it, and comes again where the server was busy."""

from __future__ import annotations

import asyncio
import random
import re

import aiohttp

from tests.bench.pairs import CheckFailed
from tests.clients.installation import AGENT_MAIL

PEOPLE = 200
_TRIES = 40


async def sign_in_all(port: int, people: int) -> int:
    """Have so many people send the form at once, with a wrong password, and return how many were answered.

    A wrong one costs what a right one does (S21), and leaves no session behind.

    Raises:
        CheckFailed: somebody got another answer than that it is wrong.
    """
    if not people:
        return 0
    base = f"http://127.0.0.1:{port}"
    return sum(await asyncio.gather(*(_sign_in(base) for _ in range(people))))


async def _sign_in(base: str) -> int:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        async with http.get(f"{base}/sign-in", headers={"Accept": "text/html"}) as page:
            found = re.search(r'name="csrf" value="([^"]+)"', await page.text())
        if found is None:
            raise CheckFailed("the form has no token")
        fields = {"csrf": found[1], "email": AGENT_MAIL, "password": "not the right one"}
        for _ in range(_TRIES):
            async with http.post(f"{base}/sign-in", data=fields, allow_redirects=False) as answer:
                if answer.status == 401:
                    return 1
                if answer.status not in {429, 503}:
                    raise CheckFailed(f"the form was answered with {answer.status}")
                wait_s = int(answer.headers["Retry-After"])
            # As browsers' people do: not all at the same moment again.
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.5))
        return 0
