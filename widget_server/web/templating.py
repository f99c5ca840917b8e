"""Pages from templates. Everything that is put into one is text (S24), and a name that nobody gave is an error."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp_jinja2
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from widget_server.actions.community import Community
from widget_server.actions.reading import plain_posts
from widget_server.actions.thread_lists import plain_boards, plain_threads
from widget_server.core.browsers import browser_name
from widget_server.core.counts import shown_count
from widget_server.core.reactions import REACTIONS
from widget_server.core.times import iso
from widget_server.web.compiled import compiled_for
from widget_server.web.fixed_texts import fixed_texts
from widget_server.web.languages import ENGLISH, FOLDER
from widget_server.web.shell import CSRF, HERE, Shell, Shells, filled
from widget_server.web.sizes import said_size
from widget_server.web.zones import moment

if TYPE_CHECKING:
    from collections.abc import Callable
    from gettext import NullTranslations

    from jinja2.environment import TemplateModule

    from widget_server.web.addresses import Addresses
    from widget_server.web.assets import Assets
    from widget_server.web.languages import Languages

_KEPT_MAX: Final = 500
_FOLDER: Final = Path(__file__).parent.parent / "templates"

PARTS: Final = ("parts.html", "files.html", "post_parts.html", "about_head.html")
"""Templates whose macros every page has by their names, without importing them."""
_FIXED: Final = ("live_bar",)
"""Parts that say the same on every page of one language."""

_SHOWN_TO: Final = ("is_half_signed_in", "is_staff", "may_administer", "may_invite", "may_manage_people", "may_review")
"""What the menu depends on."""
_NOBODY: Final[Mapping[str, Any]] = {
    "viewer": None,
    **dict.fromkeys(_SHOWN_TO, False),
    "notices": (),
    "csrf": "",
    "here": "",
    "unseen": 0,
}
"""What a page without a visit (an error) has of its visitor."""

_KEYS: Final = {
    tag: web.AppKey(f"templates_{tag}", Environment) for tag in (ENGLISH, *(place.name for place in FOLDER.iterdir()))
}
"""Made while this is read: a key looks for the module that makes it, and in a thread an application has none above."""


class Templates:
    """The templates of one application.

    Args:
        assets: where pages find their sheets and scripts.
        addresses: where browsers find what pages lead to.
        languages: what pages say it in.
        reloads: whether a template that was changed is read again, as who writes one wants it.
    """

    def __init__(self, assets: Assets, addresses: Addresses, languages: Languages, *, reloads: bool = False) -> None:
        self._assets = assets
        self._languages = languages
        self._reloads = reloads
        self._environments: dict[str, Environment] = {}
        self._bare: dict[str, tuple[Environment, NullTranslations]] = {}
        """Those of languages that no page has been made in yet."""
        self._kept: dict[Hashable, str] = {}
        self._shells = Shells(self._make_shell)
        self.community: Callable[[], Community] = Community
        """What the installation is called; ``app`` tells where to ask."""
        self._addresses = addresses

    def attach(self, app: web.Application) -> None:
        """Give ``app`` an environment for each language; once, before it starts."""
        for tag in self._languages.tags:
            key = _KEYS[tag]
            texts = self._languages.in_language(tag)
            environment = aiohttp_jinja2.setup(
                app,
                app_key=key,
                default_helpers=False,
                loader=FileSystemLoader(_FOLDER),
                autoescape=True,
                auto_reload=self._reloads,
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
                extensions=["jinja2.ext.i18n", fixed_texts(texts.gettext)],
                bytecode_cache=compiled_for(texts),
            )
            self._bare[tag] = environment, texts

    def _environment(self) -> Environment:
        """Return the environment of the language that is spoken; equipped once a page is made in it."""
        tag = self._languages.current
        if (known := self._environments.get(tag)) is not None:
            return known
        environment, texts = self._bare[tag]
        self._equip(environment, texts)
        self._environments[tag] = environment
        return environment

    def _equip(self, environment: Environment, spoken: NullTranslations) -> None:
        """Give an environment what its templates name; they say it in the texts ``spoken``."""
        texts = self._languages
        environment.globals.update(
            path=self._addresses.path,
            asset=lambda name: self._addresses.path(self._assets.find(name)),
            # A page without its sheet can still say what is wrong.
            sheets=lambda: map(self._addresses.path, self._assets.find_all("pages").values()),
            script=lambda name: [self._addresses.path(self._assets.find(name))] if self._assets.has(name) else [],
            console_texts=lambda: self._texts_of("console"),
            room_texts=lambda: self._texts_of("rooms"),
            languages=texts,
            browser_name=browser_name,
            iso=iso,
            moment=moment,
            said_size=lambda size: said_size(size, texts.current),
            plain_boards=plain_boards,
            plain_posts=plain_posts,
            plain_threads=plain_threads,
            signs=REACTIONS,
            # Looked up at each page: ``app`` puts the real one in its place once the store is open.
            community=lambda: self.community(),  # noqa: PLW0108
            **_NOBODY,
        )
        # The same as a filter: where a page tells forty times, a call by name takes as long again as what it does.
        environment.filters.update(moment=moment, counted=_counting(spoken.ngettext), shown_count=shown_count)
        # Installed as functions that look the language up when a page is made.
        environment.install_gettext_callables(texts.gettext, texts.ngettext, newstyle=True)  # type: ignore[attr-defined]  # by the extension
        # Every page may use them; they need nothing of it. Importing them would cost a page a tenth of its time.
        for file in PARTS:
            parts = environment.get_template(file).module
            environment.globals.update({name: getattr(parts, name) for name in _parts_of(parts)})
        # Called while the language of this environment is spoken.
        fixed = {name: cache(part) for name, part in environment.globals.items() if name in _FIXED and callable(part)}
        environment.globals.update(fixed)

    def say(self, english: str) -> str:
        """Return a text in the language that is spoken now."""
        return self._languages.gettext(english)

    def page(
        self,
        name: str,
        context: Mapping[str, Any],
        *,
        policy: str,
        status: int = 200,
        cache: str = "no-store",
        shared: Hashable = None,
    ) -> web.Response:
        """Return the page that the template ``name`` makes of ``context``.

        Args:
            name: the template's file, without ``.html``.
            context: what the template names.
            policy: its Content Security Policy (:mod:`widget_server.web.csp`).
            status: of the answer.
            cache: its ``Cache-Control``.
            shared: where the page is the same for everybody but for its token and address: on what it depends beside
                the language, the installation's settings and the bundles. None: it is made for this visit alone.
        """
        if shared is None:
            text = self._made(name, context)
        else:
            key = (name, shared, self._languages.current, self._assets.built_at, self.community())
            kept = self._kept.get(key)
            if kept is None:
                if len(self._kept) >= _KEPT_MAX:
                    self._kept.clear()
                kept = self._kept[key] = self._made(name, {**context, "csrf": CSRF, "here": HERE})
            text = filled(kept, context["csrf"], context["here"])
        response = web.Response(text=text, status=status, content_type="text/html")
        response.headers["Content-Security-Policy"] = policy
        response.headers["Cache-Control"] = cache
        return response

    def _texts_of(self, module: str) -> list[str]:
        """Return where a module finds its texts in the language that is spoken; English is in it already."""
        name = f"{module}-texts/{self._languages.current}"
        return [self._addresses.path(self._assets.find(name))] if self._assets.has(name) else []

    def _made(self, name: str, context: Mapping[str, Any]) -> str:
        shown = {**context, "shell": self._shell({**_NOBODY, **context}, str(context.get("here", "")))}
        environment = self._environment()
        template = environment.get_template(f"{name}.html")
        # As `render`, which goes through all globals one by one to make of them what this makes at once.
        named = template.new_context({**environment.globals, **shown}, shared=True)
        return "".join(template.root_render_func(named))

    def _shell(self, context: Mapping[str, Any], here: str) -> Shell:
        return self._shells.shell(
            {
                "language": self._languages.current,
                "built": self._assets.built_at,
                "called": self.community(),
                "viewer": context["viewer"] is not None,
                **{name: context[name] for name in _SHOWN_TO},
            },
            csrf=context["csrf"],
            here=here,
            unseen=context["unseen"],
            own_path=here.removeprefix(self._addresses.prefix),
        )

    def _make_shell(self, context: Mapping[str, Any]) -> Markup:
        made = self._environment().get_template("shell.html").render(context)
        return Markup(made)  # noqa: S704 - a template made it, and escaped what it was given


def _counting(ngettext: Callable[[str, str, int], str]) -> Callable[[int, str, str], Markup]:
    """Return the filter that says a number in a text, whose translations are markup, as those of all others are."""

    # A list counts in each row, and mostly the same few numbers.
    @lru_cache(maxsize=4096)
    def counted(num: int, one: str, many: str) -> Markup:
        return Markup(ngettext(one, many, num)) % {"num": num}  # noqa: S704 - a text of ours

    return counted


def _parts_of(module: TemplateModule) -> list[str]:
    return [name for name in vars(module) if not name.startswith("_") and name != "name"]
