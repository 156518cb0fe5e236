"""The page of step types: found by a word, without the others, and opened with the keyboard."""

import pytest

from tests.factories import make_workflow

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_type_of_step_is_found_by_a_word_and_opened_with_the_keyboard(console_page):
    page = console_page
    page.goto(f"/admin/automation/node/add/?workflow={make_workflow().pk}")
    shown = page.locator(".c-kind:visible")
    every = shown.count()

    page.keyboard.type("write CSV")
    assert shown.count() == 1
    page.keyboard.type(" nothing like it")
    assert shown.count() == 0
    assert page.get_by_text("No type of step fits").is_visible()
    page.get_by_role("searchbox").fill("")
    assert shown.count() == every
    page.keyboard.type("csv.")  # no word of a person: kinds are not searched
    page.get_by_role("searchbox").fill("write csv")
    page.keyboard.press("Enter")

    page.wait_for_url("**kind=csv.format")
