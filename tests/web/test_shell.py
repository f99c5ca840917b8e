"""The frame of a page is made once for all who see it alike, and nobody sees what belongs to another."""

from __future__ import annotations

from gettext import NullTranslations
from typing import TYPE_CHECKING, Any

from jinja2 import DictLoader, Environment, FileSystemLoader
from markupsafe import Markup

from widget_server.web.compiled import compiled_for
from widget_server.web.fixed_texts import fixed_texts
from widget_server.web.shell import Shells

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (
    "<t>{{ marks.heading }}</t>{{ marks.head }}{{ section }}|{{ marks.notices }}|{{ marks.main_class }}|"
    "{{ marks.main }}|{{ csrf }}|{{ here }}"
)


def make_shells() -> tuple[Shells, list[dict[str, Any]]]:
    template = Environment(autoescape=True).from_string(PAGE)
    made: list[dict[str, Any]] = []

    def make(context: Any) -> Markup:
        made.append(dict(context))
        return Markup(template.render(context))

    return Shells(make), made


def whole(shells: Shells, csrf: str, here: str, **facts: Any) -> str:
    return "·".join(shells.shell(facts, csrf=csrf, here=here, own_path=here))


def test_who_sees_the_same_frame_shares_it_but_for_the_token_and_the_address() -> None:
    shells, made = make_shells()
    assert whole(shells, "one", "/members?q=<b>", staff=False).endswith("|one|/members?q=&lt;b&gt;")
    assert whole(shells, "two", "/members/x", staff=False).endswith("|two|/members/x")
    assert len(made) == 1


def test_what_differs_for_somebody_is_made_for_them() -> None:
    shells, made = make_shells()
    for staff in (False, True, False):
        whole(shells, "t", "/members", staff=staff)
    for here in ("/account/data", "/nowhere", "/elsewhere"):
        whole(shells, "t", here, staff=False)
    assert [(one["staff"], one["section"]) for one in made] == [
        (False, "members"),
        (True, "members"),
        (False, "account"),
        (False, ""),
    ]


def test_a_page_without_forms_has_neither_token_nor_address() -> None:
    shells, _ = make_shells()
    assert whole(shells, "", "/secret/place").endswith("||")


def environment(texts: dict[str, str]) -> Environment:
    made = Environment(
        autoescape=True,
        extensions=["jinja2.ext.i18n", fixed_texts(lambda text: texts.get(text, text))],
        loader=DictLoader({}),
    )
    made.install_gettext_callables(lambda text: texts.get(text, text), lambda *_: "", newstyle=True)  # type: ignore[attr-defined]  # by the extension
    return made


def test_a_fixed_text_is_said_while_the_template_is_compiled() -> None:
    texts = {"Sign in": "Anmelden", "50%% off": "50%% Rabatt", 'Say "hi"': 'Sag "hallo"', "A & B": "A &amp; B"}
    made = environment(texts)
    calls: list[str] = []
    made.globals["gettext"] = calls.append
    for source, said in (
        ('{{ _("Sign in") }}', "Anmelden"),
        ('<b title="{{ _("Sign in") }}">', '<b title="Anmelden">'),
        ('{{ _("50%% off") }}', "50% Rabatt"),
        ('{% set x = _("Say \\"hi\\"") %}{{ x }}', 'Sag "hallo"'),
        ('{{ _("A & B") }}|{{ ("x" ~ _("Sign in")) }}', "A &amp; B|xAnmelden"),
    ):
        assert made.from_string(source).render() == said
    assert calls == []


def test_a_text_with_something_to_fill_in_is_looked_up_at_the_view_and_escaped() -> None:
    made = environment({"Hello %(name)s": "Hallo %(name)s"})
    page = made.from_string('{{ _("Hello %(name)s", name=name) }}')
    assert page.render(name="<Ada>") == "Hallo &lt;Ada&gt;"


def test_a_text_with_a_number_is_a_filter_of_that_number() -> None:
    made = environment({})
    made.filters["counted"] = lambda num, one, many: f"{num}: {one if num == 1 else many}"
    page = made.from_string('<i title="{{ ngettext("a \\"%(num)s\\"", "%(num)s of <them>", row.count) }}">')
    assert page.render(row={"count": 1}) == '<i title="1: a &#34;%(num)s&#34;">'
    assert page.render(row={"count": 2}) == '<i title="2: %(num)s of &lt;them&gt;">'


def test_templates_are_compiled_once_for_all_applications_of_a_process(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('{{ _("Sign in") }}', encoding="utf-8")
    texts = NullTranslations()
    compiled = compiled_for(texts)
    assert compiled_for(texts) is compiled
    assert compiled_for(NullTranslations()) is not compiled

    def made() -> str:
        own = Environment(
            autoescape=True,
            extensions=[fixed_texts(texts.gettext)],
            loader=FileSystemLoader(tmp_path),
            bytecode_cache=compiled_for(texts),
        )
        return own.get_template("page.html").render()

    assert made() == "Sign in"
    kept = dict(compiled._codes)
    assert len(kept) == 1
    assert made() == "Sign in"
    assert compiled._codes == kept
    (tmp_path / "page.html").write_text("Changed", encoding="utf-8")
    assert made() == "Changed"
