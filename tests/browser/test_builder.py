"""Journeys on the canvas, in a real browser: build a workflow by mouse, by keys, by two people at once."""

import json
import re

import pytest

from nocode.automation.models import Workflow, WorkflowExecution
from nocode.automation.services import drafts, executions
from tests.factories import make_chain, make_edge, make_node, make_organization, make_user, make_workflow, set_values

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick_polls(settings):
    settings.LIVE_POLL_FAST = settings.LIVE_POLL_SLOW = 1


@pytest.fixture
def expect(browser):
    """Playwright's assertions, which wait."""
    from playwright.sync_api import expect

    return expect


def open_builder(page, workflow: Workflow) -> None:
    page.goto(f"/admin/automation/workflow/{workflow.pk}/builder/")
    page.locator("[data-view][data-ready]").wait_for()


def card(page, key: str):
    return page.locator(f"#card-{key}")


def pick(page, words: str) -> None:
    """Choose a step type by searching."""
    page.locator("[data-picker][open] [data-picker-search]").fill(words)
    page.keyboard.press("Enter")


def saved(page, expect) -> None:
    expect(page.locator("[data-saved]")).to_have_text("All changes are saved")


def fill(page, expect, name: str, value: str, place: int = 0) -> None:
    page.locator(f"#panel-body [name='config-{name}']").nth(place).fill(value)
    page.locator(f"#panel-body [name='config-{name}']").nth(place).dispatch_event("change")
    saved(page, expect)


def drag(page, start, end) -> None:
    """From one place of the window to another, as a hand does."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=3)
    page.mouse.move(*end, steps=3)
    page.mouse.up()


def middle(locator) -> tuple[float, float]:
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def ways(workflow: Workflow) -> set[str]:
    return {f"{edge.source.key}-{edge.port}-{edge.target.key}" for edge in workflow.edges.all()}


def run_and_watch(page, expect, workflow: Workflow) -> WorkflowExecution:
    """Publish, run, and see the end of it."""
    page.wait_for_load_state("networkidle")
    page.locator("[data-publish]").click()
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("link", name="Run now").click()
    page.get_by_label("Input (JSON)").fill('{"price": 100}')
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#execution")).to_have_attribute("data-status", "pending")
    executions.run_now(WorkflowExecution.objects.get().pk, budget=10)
    expect(page.locator("#execution")).to_have_attribute("data-status", "completed")
    return WorkflowExecution.objects.get()


def test_six_steps_are_drawn_with_the_mouse_published_run_and_watched(console_page, expect):
    workflow = make_workflow(make_organization("Acme"), name="Orders")
    page = console_page
    open_builder(page, workflow)

    page.locator("[data-first]").click()
    pick(page, "set values")
    fill(page, expect, "values-name", "price")
    fill(page, expect, "values-value", "{{ trigger.price }}")
    card(page, "set_values").locator("[data-add-after]").click()
    pick(page, "if")
    fill(page, expect, "conditions-left", "{{ steps.set_values.price }}")
    fill(page, expect, "conditions-right", "100")
    page.keyboard.press("Escape")
    page.locator("[data-do=fit]").click()

    x, y = middle(card(page, "if").locator("[data-port=true] [data-pull]"))
    drag(page, (x, y), (x + 160, y - 120))  # on the ground: the next step is asked for there
    pick(page, "do nothing")
    expect(card(page, "do_nothing")).to_be_visible()
    page.keyboard.press("Escape")
    x, y = middle(card(page, "if").locator("[data-port=false] [data-pull]"))
    drag(page, (x, y), (x + 160, y + 120))
    pick(page, "do nothing")
    expect(card(page, "do_nothing_2")).to_be_visible()
    page.keyboard.press("Escape")

    card(page, "do_nothing").locator("[data-add-after]").click()
    pick(page, "merge")
    page.keyboard.press("Escape")
    page.locator("[data-do=fit]").click()
    end = middle(card(page, "merge_all"))
    drag(page, middle(card(page, "do_nothing_2").locator("[data-pull]")), end)
    expect(page.locator("[data-line='do_nothing_2.main.merge_all']")).to_have_count(1)
    page.locator("[data-do=fit]").click()
    page.mouse.move(*middle(page.locator("[data-line='set_values.main.if'] .b-line__wire")))
    page.locator("[data-line='set_values.main.if'] [data-insert]").click()
    pick(page, "do nothing")
    expect(card(page, "do_nothing_3")).to_be_visible()
    saved(page, expect)

    assert ways(workflow) == {
        "set_values-main-do_nothing_3",
        "do_nothing_3-main-if",
        "if-true-do_nothing",
        "if-false-do_nothing_2",
        "do_nothing-main-merge_all",
        "do_nothing_2-main-merge_all",
    }
    execution = run_and_watch(page, expect, workflow)
    assert execution.output == [{"price": 100}]


def test_six_steps_are_drawn_with_the_keyboard_alone(console_page, expect):
    workflow = make_workflow(make_organization("Acme"), name="Orders")
    page = console_page
    keys = page.keyboard
    open_builder(page, workflow)

    def add(words: str, key: str) -> None:
        keys.press("a")
        page.locator("[data-picker][open]").wait_for()
        keys.type(words)
        keys.press("Enter")
        expect(card(page, key)).to_be_focused()
        saved(page, expect)

    page.locator("[data-view]").focus()
    add("set values", "set_values")
    keys.press("Enter")  # into the settings
    expect(page.locator("#panel-body [name=label]")).to_be_focused()
    keys.press("Control+A")
    keys.type("Read")
    keys.press("Tab")
    keys.type("price")
    keys.press("Tab")
    keys.type("{{ trigger.price }}")
    keys.press("Escape")
    expect(card(page, "set_values")).to_be_focused()
    expect(card(page, "set_values")).to_contain_text("Read")

    add("do nothing", "do_nothing")
    add("do nothing", "do_nothing_2")
    keys.press("ArrowLeft")
    keys.press("ArrowLeft")
    expect(card(page, "set_values")).to_be_focused()
    add("do nothing", "do_nothing_3")
    add("merge", "merge_all")
    keys.press("ArrowLeft")
    keys.press("ArrowLeft")
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    page.evaluate("document.querySelector('#card-do_nothing_2').focus()")
    keys.press("c")
    keys.type("merge")
    keys.press("Enter")
    expect(page.locator("[data-line='do_nothing_2.main.merge_all']")).to_have_count(1)
    add("do nothing", "do_nothing_4")
    keys.press("F2")
    keys.type("Last")
    keys.press("Enter")
    expect(card(page, "do_nothing_4")).to_contain_text("Last")
    saved(page, expect)

    workflow.refresh_from_db()
    assert workflow.nodes.count() == 6
    assert "do_nothing_2-main-merge_all" in ways(workflow)
    execution = run_and_watch(page, expect, workflow)
    assert {step.node_key for step in execution.steps.all()} == set(workflow.nodes.values_list("key", flat=True))


@pytest.fixture
def workflow():
    workflow = make_workflow(make_organization("Acme"), name="Orders")
    make_chain(
        workflow,
        ("one", "set", set_values(a="1")),
        ("two", "set", set_values(b="{{ steps.one.a }}")),
        ("three", "set", {"keep_input": True}),
    )
    drafts.apply(workflow, [{"op": "arrange"}], on_canvas=True)
    return workflow


def keys_of(workflow: Workflow) -> set[str]:
    return set(workflow.nodes.values_list("key", flat=True))


def test_what_is_dragged_stays_there_and_is_undone_and_done_again(console_page, expect, workflow):
    page = console_page
    open_builder(page, workflow)
    before = [workflow.nodes.get(key="two").x, workflow.nodes.get(key="two").y]

    start = middle(card(page, "two"))
    drag(page, start, (start[0] + 40, start[1] + 120))
    saved(page, expect)
    node = workflow.nodes.get(key="two")
    assert [node.x, node.y] == [before[0] + 40, before[1] + 120]
    line = page.locator("[data-line='one.main.two'] .b-line__wire")
    drawn = line.get_attribute("d")

    page.keyboard.press("Control+z")
    expect(card(page, "two")).to_have_css("transform", f"matrix(1, 0, 0, 1, {before[0]}, {before[1]})")
    page.keyboard.press("Control+Shift+z")
    expect(line).to_have_attribute("d", drawn)
    page.reload()
    expect(line).to_have_attribute("d", drawn)


def test_deleting_is_undone_with_everything_that_went(console_page, expect, workflow):
    page = console_page
    open_builder(page, workflow)
    ids = set(workflow.nodes.values_list("pk", flat=True))

    card(page, "one").focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    expect(page.locator("[data-card]")).to_have_count(0)
    expect(page.locator("[data-first]")).to_be_visible()
    page.locator("[data-do=undo]").click()

    expect(page.locator("[data-card]")).to_have_count(3)
    saved(page, expect)
    assert set(workflow.nodes.values_list("pk", flat=True)) == ids
    assert ways(workflow) == {"one-main-two", "two-main-three"}


def test_steps_are_copied_into_another_workflow_with_their_connections(console_page, expect, workflow):
    other = make_workflow(workflow.organization, name="Other")
    make_node(other, "one", config=set_values(z="1"))
    page = console_page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_builder(page, workflow)

    card(page, "one").click()
    card(page, "two").click(modifiers=["Shift"])
    page.keyboard.press("Control+c")
    text = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert [step["key"] for step in text["steps"]] == ["one", "two"]
    open_builder(page, other)
    page.locator("[data-view]").focus()
    page.keyboard.press("Control+v")

    expect(page.locator("[data-card]")).to_have_count(3)
    saved(page, expect)
    assert keys_of(other) == {"one", "one_2", "two"}
    assert ways(other) == {"one_2-main-two"}
    assert other.nodes.get(key="two").config == set_values(b="{{ steps.one_2.a }}")


def test_two_editors_lose_nothing_and_are_told_of_each_other(new_page, console_page, expect, workflow):
    page = console_page
    open_builder(page, workflow)
    colleague = make_user(organization=workflow.organization, name="Grace")
    theirs = new_page(user=colleague, viewport={"width": 1440, "height": 900})
    open_builder(theirs, workflow)
    card(theirs, "one").focus()
    theirs.keyboard.press("F2")
    theirs.keyboard.type("Ask")
    theirs.keyboard.press("Enter")
    saved(theirs, expect)

    card(page, "three").focus()
    page.keyboard.press("d")
    dialog = page.locator("[data-conflict][open]")
    expect(dialog).to_contain_text("Grace changed “Ask”")
    dialog.get_by_role("button", name="Add mine to theirs").click()

    expect(card(page, "one")).to_contain_text("Ask")
    expect(card(page, "three")).to_have_class(re.compile("is-off"))
    saved(page, expect)
    card(theirs, "two").focus()
    theirs.keyboard.press("Delete")
    theirs.locator("[data-conflict][open]").get_by_role("button", name="Take theirs").click()
    expect(theirs.locator("[data-card]")).to_have_count(3)
    assert keys_of(workflow) == {"one", "two", "three"}
    assert workflow.nodes.get(key="three").is_disabled
    page.problems.clear()  # Chromium writes each 409 to its console
    theirs.problems.clear()


def test_mistakes_are_shown_where_they_are_made_and_nothing_typed_is_lost(console_page, expect, workflow):
    make_node(workflow, "call", "http.request", x=900, y=300)
    page = console_page
    open_builder(page, workflow)
    expect(card(page, "call")).to_have_class(re.compile("is-troubled"))

    card(page, "call").click()
    page.locator("#panel-body [name=config-url]").fill("https://example.com/")
    page.locator("#panel-body [name=config-timeout]").fill("soon")
    page.keyboard.press("Tab")
    expect(page.locator("#panel-body [data-mistake=config-timeout]")).to_be_visible()
    page.keyboard.press("Escape")
    saved(page, expect)

    expect(page.locator("[data-problem-count]")).to_have_text("1")
    assert workflow.nodes.get(key="call").config["timeout"] == "soon"
    card(page, "call").click()
    page.locator("#panel-body [name=config-timeout]").fill("5")
    page.keyboard.press("Tab")
    expect(page.locator("[data-problem-menu]")).to_be_hidden()


def test_a_finger_moves_steps_and_the_ground_on_a_phone(new_page, console_page, expect, workflow):
    page = new_page(user=console_page.user, viewport={"width": 390, "height": 844}, has_touch=True)
    open_builder(page, workflow)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

    card(page, "one").tap()
    panel = page.locator("[data-panel]")
    expect(panel).to_be_visible()
    box = panel.bounding_box()
    assert (box["x"], round(box["width"])) == (
        page.locator(".b-stage").bounding_box()["x"],
        round(page.locator(".b-stage").bounding_box()["width"]),
    )
    page.locator("[data-panel-do=close]").tap()
    expect(panel).to_be_hidden()


def test_no_accessibility_violation_on_the_canvas(console_page, expect, workflow):
    from axe_playwright_python.sync_playwright import Axe

    make_edge(workflow.nodes.get(key="one"), workflow.nodes.get(key="three"))
    page = console_page
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}

    def violations() -> list:
        found = Axe().run(page, options=options).response["violations"]
        return [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found]

    open_builder(page, workflow)
    assert violations() == []
    card(page, "two").click()
    page.locator("#panel-body [data-step-form]").wait_for()
    assert violations() == []
    card(page, "two").focus()
    page.keyboard.press("a")
    page.locator("[data-picker][open]").wait_for()
    assert violations() == []
