"""The widget asks for a mail address where nobody is there to answer, once, and calmly."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from playwright.async_api import Locator

    from tests.browser.widget_shop import Agent, Shop, VisitorPage

# Nothing listens there: what is mailed waits in the outbox.
mailing = pytest.mark.server_settings(mail_url="smtp://127.0.0.1:9", mail_from="chat@example.com")
LABEL = "Your e-mail address, to get the answer by mail"


def field(visitor: VisitorPage) -> Locator:
    """The question's field."""
    return visitor.panel.get_by_label(LABEL)


async def asked(shop: Shop) -> VisitorPage:
    """A visitor who has written while nobody is there, and is asked."""
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Do you ship to Ireland?")
    await expect(field(visitor)).to_be_visible()
    return visitor


@mailing
async def test_a_visitor_whom_nobody_answers_leaves_an_address_and_is_asked_once(shop: Shop) -> None:
    visitor = await asked(shop)
    assert await visitor.violations() == []
    await field(visitor).fill("ada at example")
    await field(visitor).press("Enter")
    refusal = visitor.panel.get_by_text("Write an email address such as ada@example.com.")
    await expect(refusal).to_be_visible()
    await expect(field(visitor)).to_have_value("ada at example")
    await expect(field(visitor)).to_be_focused()
    await expect(field(visitor)).to_have_accessible_description("Write an email address such as ada@example.com.")
    assert await visitor.violations() == []
    await field(visitor).fill("ada@example.com")
    await expect(refusal).to_be_hidden()
    await visitor.panel.get_by_role("button", name="Leave address").click()
    await expect(visitor.panel.get_by_text("We sent you a mail. Open the link in it to confirm.")).to_be_visible()
    await expect(field(visitor)).to_be_hidden()
    await visitor.page.reload()
    await visitor.open()
    await visitor.says("And to France?")
    await expect(visitor.state("Sent")).to_be_visible()
    await expect(field(visitor)).to_have_count(0)


@mailing
async def test_who_declines_is_not_asked_again_in_the_conversation(shop: Shop) -> None:
    visitor = await asked(shop)
    await visitor.panel.get_by_role("button", name="No, thank you").click()
    await expect(field(visitor)).to_have_count(0)
    await visitor.says("And to France?")
    await expect(visitor.state("Sent")).to_be_visible()
    await visitor.page.reload()
    await visitor.open()
    await visitor.shows("Do you ship to Ireland?", "And to France?")
    await expect(field(visitor)).to_have_count(0)


@mailing
async def test_the_question_goes_when_somebody_answers_but_not_what_is_being_written(shop: Shop, agent: Agent) -> None:
    await agent.client.ask({"t": "availability", "ref": agent.client.state.ref(), "state": "away"})
    visitors = [await asked(shop) for _ in range(2)]
    await field(visitors[1]).fill("ada@")
    await agent.watch()
    await expect(field(visitors[0])).to_be_hidden()
    await expect(field(visitors[1])).to_have_value("ada@")
    await expect(field(visitors[1])).to_be_visible()


@mailing
async def test_nobody_is_asked_whose_site_mails_no_answers(shop: Shop) -> None:
    await shop.set_up(answer_minutes=0)
    visitor = await shop.visitor()
    await visitor.open()
    await visitor.says("Do you ship to Ireland?")
    await expect(visitor.state("Sent")).to_be_visible()
    await expect(field(visitor)).to_have_count(0)


@mailing
async def test_nobody_is_asked_whose_page_has_told_an_address(shop: Shop) -> None:
    visitor = await shop.visitor()
    await visitor.page.evaluate("SupportChat.identify({mail: 'ada@example.com'})")
    await visitor.open()
    await visitor.says("Do you ship to Ireland?")
    await expect(visitor.state("Sent")).to_be_visible()
    await visitor.page.reload()
    await visitor.open()
    await visitor.shows("Do you ship to Ireland?")
    await expect(field(visitor)).to_have_count(0)


@mailing
@pytest.mark.parametrize(
    ("width", "scheme", "language"), [(360, "light", "en"), (360, "dark", "ar"), (1200, "dark", "en")]
)
async def test_the_question_fits_every_panel(shop: Shop, width: int, scheme: str, language: str) -> None:
    viewport = {"width": width, "height": 800}
    context = await shop.context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    visitor = await shop.bare_page(context, f'data-language="{language}"')
    await visitor.page.locator("support-chat .launcher").click()
    box = visitor.panel.locator("textarea")
    await box.fill("Hello")
    await box.press("Enter")
    question = visitor.panel.locator(".ask")
    await expect(question).to_be_visible()
    await expect(question.get_by_role("textbox")).to_be_visible()
    inner, outer = await question.bounding_box(), await visitor.panel.bounding_box()
    assert inner is not None
    assert outer is not None
    assert inner["x"] >= outer["x"]
    assert inner["x"] + inner["width"] <= outer["x"] + outer["width"]
    await expect(visitor.panel).to_have_attribute("dir", re.compile("rtl" if language == "ar" else "ltr"))
    assert await visitor.violations() == []
