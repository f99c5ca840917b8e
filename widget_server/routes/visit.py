"""One visit to a page: who comes, whether they may, what they sent, and the page they get.

A page's handler takes a :class:`Visit`. It is registered with the policy that says to whom it is open, so that there is
no page without one, and a post reaches it only when its token is right.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn
from urllib.parse import quote

from aiohttp import web

from widget_server.actions.sign_ins import From
from widget_server.core.boards import moderated
from widget_server.core.errors import Malformed, ProductError, Refused, TryLater
from widget_server.core.ids import is_token
from widget_server.core.permissions import GUEST, Permission, allowed_sites, is_staff, may
from widget_server.core.powers import INVITING
from widget_server.protocol.codes import ERRORS
from widget_server.routes.office import OFFICE
from widget_server.web.csp import page_policy
from widget_server.web.csrf import FIELD
from widget_server.web.errors import named, wants_page
from widget_server.web.forms import SECRETS, WRITTEN, Form, read_form
from widget_server.web.notices import Notice
from widget_server.web.page_cache import MADE_OF
from widget_server.web.policies import everybody, half_signed_in
from widget_server.web.redirects import see_other
from widget_server.web.zones import tell_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping

    from widget_server.actions.accounts import Account
    from widget_server.actions.sessions import SignedIn
    from widget_server.core.permissions import Actor
    from widget_server.web.notices import Kind
    from widget_server.web.page_cache import Made
    from widget_server.web.policies import Policy

    Handler = Callable[["Visit"], Awaitable[web.StreamResponse]]
    Again = Callable[["Visit", ProductError], Awaitable[web.StreamResponse]]

_STRANGERS_MEGABYTES: Final = 1
_SHARED_CHARS: Final = 200
"""What a page depends on is kept with it, and so it must be short."""

SIGN_IN: Final = "/sign-in"
CODE: Final = "/sign-in/code"
"""Where a second factor is shown."""
FACTORS: Final = "/account/factors"
"""Where second factors are added and removed."""
UNCONFIRMED: Final = "/confirm"
"""Where an address that is not confirmed yet is told so."""
PROVE: Final = "/account/prove"
"""Where one shows again who one is."""


WAITING: Final = "/register/waiting"
"""Where an account that has to be approved is told so."""


class Visit:
    """What a page's handler works with.

    Args:
        request: what arrived.
        signed_in: who is signed in, completely or not.
        form: what was posted; empty for a page that is only read.
    """

    def __init__(self, request: web.Request, signed_in: SignedIn | None, form: Form) -> None:
        self.request = request
        self.office = request.app[OFFICE]
        self.signed_in = signed_in
        self.form = form
        token = self.office.sessions.token_of(request) if signed_in else None
        bound = request.cookies.get(self.office.sessions.cookies.form, "")
        self._fresh = token is None and not is_token(bound)
        self._binding = token or (self.office.engine.clock.token() if self._fresh else bound)
        self._notices: list[Notice] = []
        self.attached: list[dict[str, Any]] = []
        """Files that the form attaches, as far as they were taken in."""
        self.preview = ""
        """What the text in the form will look like, where that was asked for: HTML of ``core.markdown``."""

    @property
    def own_path(self) -> str:
        """The path that is asked for, as it was written, without that under which the installation lies."""
        path, prefix = self.request.rel_url.raw_path, self.office.addresses.prefix
        # A proxy may have taken it off, and a path of ours may begin like it.
        return path[len(prefix) :] or "/" if f"{path}/".startswith(f"{prefix}/") else path

    @property
    def account(self) -> Account:
        """Who is signed in; only asked for behind a policy that wants somebody."""
        if self.signed_in is None:
            raise Refused("signed_out")
        return self.signed_in.account

    @property
    def actor(self) -> Actor:
        """Who is signed in, as one who asks for something."""
        return self.account.actor

    @property
    def reader(self) -> Actor:
        """Who reads: whoever is signed in completely, else a guest."""
        return self.signed_in.account.actor if self.signed_in and self.signed_in.is_complete else GUEST

    @property
    def binding(self) -> str:
        """A secret of this browser that outlives the visit: of its session, else of its forms."""
        return self._binding

    @property
    def source(self) -> From:
        """Where the visit comes from, as far as it is kept."""
        return From(self.office.network_of(self.request), self.request.headers.get("User-Agent", ""))

    def check_proved(self) -> None:
        """See that whoever is signed in has just shown who they are; a page leads them to where they can.

        Ask it where the form is shown and where it is sent to: for what would let a session's thief keep the account.

        Raises:
            Refused: ``prove_again``.
        """
        if self.signed_in is None:
            raise Refused("signed_out")
        self.signed_in.check_proved(self.office.now_ms())

    @property
    def csrf(self) -> str:
        """The token for the forms of this page; empty where it is everybody's."""
        return self.office.csrf.token(self._binding) if self._binding else ""

    def text(self, english: str, **facts: object) -> str:
        """Return a text in the visitor's language, with ``facts`` in its braces."""
        return self.office.languages.gettext(english).format(**facts)

    def page(
        self, name: str, *, status: int = 200, made_of: Iterable[Made] | None = None, **context: Any
    ) -> web.Response:
        """Return the page that a template makes of ``context``; ``form`` is what was posted unless it is given.

        ``made_of`` is for a page without a form that everybody who is not signed in sees alike: all that it shows. It
        carries no token then, and may be kept (:mod:`widget_server.web.page_cache`).
        """
        office, request = self.office, self.request
        notices = [*office.notices.read(request), *self._notices]
        if made_of is not None and self.signed_in is None and not notices:
            request[MADE_OF] = tuple(made_of)
            self._fresh, self._binding = False, ""
        response = office.templates.page(
            name,
            self._context(notices) | context,
            policy=page_policy(),
            status=status,
            shared=None if notices else self._shared(context),
        )
        office.notices.drop(request, response)
        if self._fresh:
            office.sessions.cookies.set(response, office.sessions.cookies.form, self._binding)
        return response

    def _context(self, notices: list[Notice]) -> dict[str, Any]:
        shown = self.signed_in.account if self.signed_in and self.signed_in.is_complete else None
        actor = GUEST if shown is None else shown.actor
        return {
            "form": self.form,
            "preview": self.preview,
            "attached": self.attached,
            "csrf": self.csrf,
            "viewer": shown,
            "is_half_signed_in": self.signed_in is not None and shown is None,
            "is_staff": is_staff(actor),
            "may_administer": may(actor, Permission.ADMINISTER),
            "may_review": bool(moderated(actor)),
            "may_invite": bool(allowed_sites(actor, INVITING)),
            "may_manage_people": may(actor, Permission.MANAGE_PEOPLE),
            "here": self.request.path_qs,
            "unseen": 0 if shown is None or self.signed_in is None else self.signed_in.unseen,
            "notices": notices,
        }

    def _shared(self, context: Mapping[str, Any]) -> Hashable:
        """On what the page depends, where that is nothing of its visitor's: nobody is signed in, nothing was typed."""
        if self.signed_in or self.form.values or self.form.problems:
            return None
        plain = all(isinstance(each, str | int | None) and len(str(each)) <= _SHARED_CHARS for each in context.values())
        return (self.request.path, *context.items()) if plain else None

    def refused(self, name: str, error: ProductError | None = None, **context: Any) -> web.Response:
        """Return the page again with what is wrong; ``error`` says why where it is not a field's."""
        if error is not None:
            self.form.refuse("", error)
        status = ERRORS[error.name].http if error is not None else 422
        response = self.page(name, status=status, **context)
        if isinstance(error, TryLater):
            response.headers["Retry-After"] = str(-(-error.retry_after_ms // 1000))
        return response

    def go(self, path: str, notice: str | None = None, *, kind: Kind = "good") -> web.Response:
        """Send the browser on, to read ``path`` (one of ours) with GET, and tell it ``notice`` there (S2.07)."""
        response = see_other(self.office.addresses.path(path))
        if notice is not None:
            self.office.notices.leave(response, Notice(kind, notice))
        return response

    def say(self, notice: str, *, kind: Kind = "info") -> None:
        """Put a notice on the page of this very visit."""
        self._notices.append(Notice(kind, notice))


class _Page(NamedTuple):
    """What is registered under an address: who may come, and what is done."""

    policy: Policy
    handler: Handler
    again: Again | None = None
    while_banned: bool = False
    megabytes: int = 0
    proves_itself: bool = False


class Pages:
    """The pages of one part of the site, each with its policy; joined to the application by ``app``."""

    def __init__(self) -> None:
        self.routes: list[web.RouteDef] = []

    def get(self, path: str, policy: Policy, *, kept: bool = False) -> Callable[[Any], Any]:
        """Register a page that is read; ``kept``: one that may say what it is made of (:meth:`Visit.page`)."""
        return self._register("GET", path, lambda handler: _Page(policy, handler), kept=kept)

    def post(
        self,
        path: str,
        policy: Policy,
        *,
        again: Again | None = None,
        while_banned: bool = False,
        megabytes: int = 0,
        proves_itself: bool = False,
    ) -> Callable[[Any], Any]:
        """Register what a form of a page is sent to.

        Args:
            path: of the form's action.
            policy: to whom it is open.
            again: shows the form once more with what was typed and the reason, whatever refuses it: its token (an old
                page, another tab that signed out), its size, or the handler by raising. Without one, and where the form
                itself may not be seen any more, that is an error page with what was written.
            while_banned: whether somebody who is banned may do this: what keeps their own account safe, or theirs. The
                sign-in area (:func:`everybody`, :func:`half_signed_in`) never asks; what makes an account asks itself.
            megabytes: how large a file may be that the form brings; 0 for forms without one.
            proves_itself: whether what it is sent to has a code of its own, that stands for the form's token; nothing
                else may depend on who is signed in.
        """

        def page(handler: Handler) -> _Page:
            return _Page(policy, handler, again, while_banned, megabytes, proves_itself)

        return self._register("POST", path, page)

    def _register(
        self, method: str, path: str, page_of: Callable[[Handler], _Page], *, kept: bool = False
    ) -> Callable[[Any], Any]:
        def register(handler: Handler) -> object:
            page = page_of(handler)

            async def answer(request: web.Request) -> web.StreamResponse:
                return await _answer(request, page)

            answer.policy = page.policy  # type: ignore[attr-defined]  # what the test of all routes looks at
            answer.__name__ = handler.__name__
            answer.__module__ = handler.__module__
            self.routes.append(web.RouteDef(method, path, answer, {}))
            answer.is_kept = kept  # type: ignore[attr-defined]  # what the page cache looks at
            return handler

        return register


async def visit_of(request: web.Request) -> Visit:
    """Return the visit of a request that is only read, whoever comes."""
    office = request.app[OFFICE]
    await office.community.read()
    try:
        signed_in = await office.sessions.signed_in(request)
    except Refused:
        signed_in = None
    if signed_in and signed_in.account.language:
        office.languages.speak(signed_in.account.language)
    tell_in(signed_in.account.zone if signed_in else "")
    return Visit(request, signed_in, Form(say=office.languages.gettext))


async def _answer(request: web.Request, page: _Page) -> web.StreamResponse:
    visit = await visit_of(request)
    if visit.signed_in is None and request.method in {"GET", "HEAD"}:
        visit.office.read_limit.take(request, visit.office.address_of(request))
    try:
        try:
            page.policy(visit.signed_in)
        except Refused:
            # What was typed is given back by whatever page says why.
            with suppress(ProductError, web.HTTPException):
                await _read(visit, min(page.megabytes, _STRANGERS_MEGABYTES))
            visit.form.close()
            raise
        return await (_take(visit, page) if request.method == "POST" else page.handler(visit))
    except Refused as error:
        if not leads_on(error) or not wants_page(request):
            raise
        if WRITTEN in request:
            return stay(visit, error)
        wanted = request.path_qs if request.method == "GET" else _FORM_OF.get(error.name, "/")
        return lead(visit, error, wanted)


async def _take(visit: Visit, page: _Page) -> web.StreamResponse:
    """Take a form."""
    request = visit.request
    try:
        # Strangers have nothing to attach: what they typed is read, so that it can be kept while they sign in.
        token = await _read(visit, page.megabytes if visit.signed_in else min(page.megabytes, _STRANGERS_MEGABYTES))
        if not page.proves_itself:
            _check_token(visit, token, page.policy)
        if not page.while_banned and page.policy not in {everybody, half_signed_in}:
            visit.office.check_may_write(request, visit.account)
        return await page.handler(visit)
    except ProductError as error:
        if page.again is None or isinstance(error, Malformed) or (isinstance(error, Refused) and leads_on(error)):
            raise
        return await page.again(visit, named(request, error))
    finally:
        visit.form.close()
        visit.office.engine.on_outgoing()


async def _read(visit: Visit, megabytes: int) -> str | None:
    """Read the visit's form, if one was sent, and return the token in it."""
    request = visit.request
    if request.method != "POST":
        return None
    visit.form = await read_form(request, say=visit.office.languages.gettext, megabytes=megabytes)
    token = visit.form.values.pop(FIELD, None)
    if visit.form.written and visit.office.csrf.is_own(request):
        request[WRITTEN] = visit.form.written
    return token


_LEADS_TO: Final = {
    "signed_out": SIGN_IN,
    "factor_needed": CODE,
    "factor_missing": FACTORS,
    "unconfirmed": UNCONFIRMED,
    "unapproved": WAITING,
    "prove_again": PROVE,
}


def leads_on(error: Refused) -> bool:
    """Whether there is a page on which somebody can do what is missing."""
    return error.name in _LEADS_TO


def lead(visit: Visit, error: Refused, wanted: str) -> web.Response:
    """Send somebody to where they can do what is missing, and from there back to the page they wanted (S2.09)."""
    addresses = visit.office.addresses
    full = wanted if wanted.startswith(addresses.path("/")) else addresses.path(wanted)
    return visit.go(f"{_LEADS_TO[error.name]}?next={quote(full, safe='/')}")


def stay(visit: Visit, error: Refused) -> web.Response:
    """Return a page that holds what somebody wrote while they do what is missing on another one; it is sent from here.

    Args:
        visit: that posted the form.
        error: one that :func:`leads_on`.
    """
    written, form = visit.form.written, visit.form
    form.refuse("", error)
    return visit.page(
        "unsent",
        status=ERRORS[error.name].http,
        written=written,
        others={name: value for name, value in form.values.items() if name not in written and name not in SECRETS},
        action=visit.office.addresses.path(visit.own_path),
        way=visit.office.addresses.path(_LEADS_TO[error.name]),
    )


_FORM_OF: Final = {"prove_again": "/account"}
"""Where somebody goes on whose form was refused, and had nothing written in it."""


def _check_token(visit: Visit, token: str | None, policy: Policy) -> None:
    """Refuse a form that does not come from our own page in this browser.

    The form of a page that is open to everybody may have been opened before its visitor signed in (in another tab).

    Raises:
        Refused: ``forged``.
    """
    names, cookies, csrf = visit.office.sessions.cookies, visit.request.cookies, visit.office.csrf
    earlier = cookies.get(names.form)
    if visit.signed_in is None:
        csrf.check_form(visit.request, earlier, token)
        return
    try:
        csrf.check_form(visit.request, cookies.get(names.session), token)
    except Refused:
        if policy is not everybody:
            raise
        csrf.check_form(visit.request, earlier, token)


def not_there() -> NoReturn:
    """Refuse a page for something that does not exist, or not for this visitor.

    Raises:
        Refused: ``not_found``.
    """
    raise Refused("not_found")
