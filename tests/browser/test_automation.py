"""Journeys of automation in a real browser: build a workflow, publish it, run it, watch it, look inside."""

import re

import pytest

from nocode.automation.models import Trigger, Workflow, WorkflowExecution
from nocode.automation.services import executions
from tests.automation.screens import FAILING
from tests.factories import make_organization, make_project, make_published, make_table, make_trigger, set_values

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"width": 390, "height": 844}


@pytest.fixture(autouse=True)
def quick_polls(settings):
    settings.LIVE_POLL_FAST = settings.LIVE_POLL_SLOW = 1


@pytest.fixture
def expect(browser):
    """Playwright's assertions, which wait."""
    from playwright.sync_api import expect

    return expect


def add_step(page, kind: str, label: str, fill=None) -> None:
    """Add a step of a type after the last output offered."""
    page.locator(".c-chip--add, .c-empty .c-button").last.click()
    page.locator(f"a.c-kind[href$='kind={kind}']").first.click()
    page.get_by_label("Name", exact=False).first.fill(label)
    if fill:
        fill(page)
    page.get_by_role("button", name="Save").click()
    page.locator("#steps").get_by_role("link", name=label, exact=True).first.wait_for()


def set_value(name: str, value: str):
    def fill(page) -> None:
        page.locator("[name=config-values-name]").first.fill(name)
        page.locator("[name=config-values-value]").first.fill(value)

    return fill


def two_values(page) -> None:
    set_value("vat", "{{ steps.read.price * 0.2 }}")(page)
    page.locator("[data-rows-add]").click()
    page.locator("[name=config-values-name]").nth(1).fill("customer")
    page.locator("[name=config-values-value]").nth(1).fill("{{ steps.read.customer }}")


def condition(page) -> None:
    page.locator("[name=config-conditions-left]").fill("{{ steps.compute.vat }}")
    page.locator("[name=config-conditions-op]").select_option("gt")
    page.locator("[name=config-conditions-right]").fill("10")


def test_build_publish_run_and_watch(console_page, expect):
    make_organization("Acme")
    page = console_page

    page.goto("/admin/automation/workflow/add/")
    page.locator("#id_name").fill("Orders")
    page.get_by_role("button", name="Save", exact=True).click()
    add_step(page, "set", "Read", set_value("price", "{{ trigger.price }}"))
    add_step(page, "set", "Compute", two_values)
    add_step(page, "if", "Worth it", condition)
    assert page.locator(".c-graph [data-step]").count() == 3

    page.get_by_role("link", name="Publish").click()
    expect(page.locator(".c-change")).to_have_count(5)  # three steps, two connections
    page.get_by_label("What changed, in a few words").fill("First")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Runs now")).to_be_visible()

    page.get_by_role("link", name="Run now").click()
    page.get_by_label("Input (JSON)").fill('{"price": 100}')
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#execution")).to_have_attribute("data-status", "pending")
    page.evaluate("window.neverReloaded = true")

    executions.run_now(WorkflowExecution.objects.get().pk, budget=10)

    expect(page.locator("#execution")).to_have_attribute("data-status", "completed")
    expect(page.locator("[data-step=worth_it]")).to_have_attribute("data-state", "completed")
    expect(page.locator(".c-live-state")).to_have_text("Finished")
    assert page.evaluate("window.neverReloaded")

    page.locator("[data-step=compute]").click()
    expect(page.locator("dialog[open] [data-step-panel=compute]")).to_contain_text('"vat": 20')
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert page.evaluate("document.activeElement.id") == "node-compute"


def test_the_live_list_turns_green_without_a_reload(console_page, expect):
    workflow = make_published(("one", "set", set_values(x="1")), name="Orders")
    page = console_page
    page.goto("/admin/live/")
    page.evaluate("window.neverReloaded = true")
    expect(page.get_by_text("Nothing has run yet")).to_be_visible()

    execution = executions.start(workflow)
    row = page.locator(f"#ex-{execution.pk}")
    expect(row).to_have_attribute("data-status", "pending")
    executions.run_now(execution.pk, budget=10)

    expect(row).to_have_attribute("data-status", "completed")
    expect(row.get_by_text("Completed")).to_be_visible()
    assert page.evaluate("window.neverReloaded")


def test_a_paused_list_stays_as_it_is_until_it_is_resumed(console_page, expect):
    workflow = make_published(("one", "set", {}))
    page = console_page
    page.goto("/admin/live/")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".c-live-state")).to_have_text("Paused")
    polls = []
    page.on("request", lambda request: polls.append(request.url))

    executions.start(workflow)
    page.wait_for_timeout(2500)  # more than two polls
    assert polls == []
    page.get_by_role("button", name="Resume").click()

    expect(page.locator("tbody tr")).to_have_count(1)


def test_filters_are_in_the_address_and_survive_polls(console_page, expect):
    executions.run_now(executions.start(make_published(*FAILING, name="Bad")).pk, budget=10)
    executions.run_now(executions.start(make_published(("one", "set", {}), name="Good")).pk, budget=10)
    page = console_page
    page.goto("/admin/live/")
    expect(page.locator("tbody tr")).to_have_count(2)

    page.locator("[name=status]").select_option("failed")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("status=failed"))
    with page.expect_response(lambda response: "/live/rows/" in response.url) as poll:
        pass

    assert "status=failed" in poll.value.url
    expect(page.locator("tbody tr")).to_have_count(1)


def test_polling_ends_with_the_execution(console_page, expect):
    execution = executions.start(make_published(("one", "set", {})))
    page = console_page
    answers = []
    page.on("response", lambda response: "/panel/" in response.url and answers.append(response.status))
    page.goto(f"/admin/live/{execution.pk}/")
    with page.expect_response(lambda response: "/panel/" in response.url):
        pass

    executions.run_now(execution.pk, budget=10)
    expect(page.locator("#execution")).to_have_attribute("data-status", "completed")
    page.wait_for_timeout(2500)

    assert set(answers[:-1]) == {204}
    assert answers[-1] == 286


def test_a_failed_execution_is_retried_after_a_question(console_page, expect):
    execution = executions.run_now(executions.start(make_published(*FAILING)).pk, budget=10)
    page = console_page
    page.goto(f"/admin/live/{execution.pk}/")

    page.get_by_role("button", name="Retry from the failed step").click()
    page.locator("#retry-step-dialog").get_by_role("button", name="Keep as it is").click()
    execution.refresh_from_db()
    assert execution.status == "failed"
    page.get_by_role("button", name="Retry from the failed step").click()
    page.locator("#retry-step-dialog").get_by_role("button", name="Retry").click()

    expect(page.locator("#execution")).to_have_attribute("data-status", "waiting")


def chain(length: int):
    return make_published(*[(f"s{number}", "set", set_values(x="1")) for number in range(length)])


@pytest.mark.parametrize(("steps", "is_whole"), [(3, False), (5, True), (12, False)])
def test_a_graph_starts_whole_while_that_is_readable_else_at_its_left(console_page, steps, is_whole):
    execution = executions.run_now(executions.start(chain(steps)).pk, budget=10)
    page = console_page
    page.goto(f"/admin/live/{execution.pk}/")
    page.locator("#graph").wait_for()

    assert page.evaluate("document.getElementById('graph').classList.contains('is-whole')") is is_whole
    assert page.evaluate("document.getElementById('graph').scrollLeft") == 0


def test_a_graph_is_at_its_left_again_when_the_run_has_finished(console_page, expect):
    pause = ("pause", "wait", {"amount": 1, "unit": "seconds"})
    workflow = make_published(*[(f"s{number}", "set", {}) for number in range(11)], pause)
    execution = executions.run_now(executions.start(workflow).pk, budget=10)
    page = console_page
    page.goto(f"/admin/live/{execution.pk}/")
    assert page.evaluate("document.getElementById('graph').scrollLeft") > 0  # at the step that waits

    page.wait_for_timeout(1100)
    executions.run_now(execution.pk, budget=10)

    expect(page.locator("#execution")).to_have_attribute("data-status", "completed")
    expect(page.locator("#graph")).to_have_js_property("scrollLeft", 0)


@pytest.mark.parametrize("width", [1440, 390])
def test_a_long_name_leaves_room_for_the_other_columns(new_page, console_page, width):
    long = "x" * 150
    workflow = make_published(("one", "set", {}), name=long, organization=make_organization())
    make_table(make_project(workflow.organization), long[:60])
    executions.run_now(executions.start(workflow).pk, budget=10)
    page = new_page(user=console_page.user, viewport={"width": width, "height": 800})

    for address in ("live/", "automation/workflow/", "studio/datatable/"):
        page.goto(f"/admin/{address}")
        name = page.locator(".c-ellipsis").first
        assert name.bounding_box()["width"] <= 320, address
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address


def test_a_step_is_deleted_after_a_question_that_names_it(console_page, expect):
    workflow = make_published(("one", "set", {}), ("two", "set", {}))
    page = console_page
    page.goto(f"/admin/automation/workflow/{workflow.pk}/change/")

    page.get_by_role("button", name="Delete One").click()
    expect(page.locator("#delete-step")).to_contain_text("One")
    page.locator("#delete-step").get_by_role("button", name="Delete").click()

    expect(page.locator("#steps .c-step")).to_have_count(1)


def test_the_schedule_is_explained_while_it_is_typed(console_page, expect):
    workflow = make_published(("one", "set", {}))
    page = console_page
    page.goto(f"/admin/automation/trigger/add/?workflow={workflow.pk}&kind=schedule")
    page.locator("[name=config-time_zone]").select_option("Europe/Paris")
    page.locator("[name=config-cron]").fill("")
    with page.expect_request(lambda request: "/preview/" in request.url) as asked:
        page.locator("[name=config-cron]").press_sequentially("15 7 * * *")
    assert "csrf" not in asked.value.url  # addresses end up in logs

    expect(page.locator("#schedule")).to_contain_text("Every day at 07:15 (Europe/Paris)")
    expect(page.locator("#schedule time[datetime]")).to_have_count(10)
    expect(page.locator("[name=config-every]")).to_be_hidden()
    page.locator("[name=config-mode]").select_option("interval")
    expect(page.locator("[name=config-every]")).to_be_visible()

    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("was saved")).to_be_visible()
    assert Trigger.objects.get().config["mode"] == "interval"


def test_the_call_of_a_webhook_is_copied(console_page, expect):
    trigger = make_trigger(make_published(("one", "set", {})), "webhook")
    page = console_page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/admin/automation/trigger/{trigger.pk}/change/")

    page.get_by_role("button", name="Copy").nth(1).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()

    assert page.evaluate("navigator.clipboard.readText()").count(f"/hooks/{trigger.token}/") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone(new_page, console_page, scheme):
    long = "A name that goes on and on, as names of workflows do when nobody stops the person who types them"
    workflow = make_published(*[(f"s{n}", "set", set_values(x="{{ trigger.x }}")) for n in range(30)], name=long)
    execution = executions.run_now(executions.start(workflow, input={"x": "y" * 500}).pk, budget=10)
    failed = executions.run_now(executions.start(make_published(*FAILING, name="x" * 150)).pk, budget=10)
    trigger = make_trigger(workflow, "webhook", config={"security": "hmac"})
    node = workflow.nodes.first()
    page = new_page(user=console_page.user, viewport=PHONE, color_scheme=scheme)

    for address in [
        "live/",
        f"live/{execution.pk}/",
        f"live/{execution.pk}/steps/s0/",
        f"live/{failed.pk}/",
        f"automation/workflow/{workflow.pk}/change/",
        f"automation/workflow/{workflow.pk}/publish/",
        f"automation/workflow/{workflow.pk}/run/",
        f"automation/workflow/{workflow.pk}/versions/1/",
        f"automation/node/{node.pk}/change/",
        f"automation/node/add/?workflow={workflow.pk}",
        f"automation/trigger/{trigger.pk}/change/",
        f"automation/trigger/add/?workflow={workflow.pk}",
    ]:
        page.goto(f"/admin/{address}")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address


def test_no_accessibility_violation(console_page):
    from axe_playwright_python.sync_playwright import Axe

    workflow = make_published(("one", "set", {}), *FAILING)
    execution = executions.run_now(executions.start(workflow).pk, budget=10)
    trigger = make_trigger(workflow, "webhook", config={"security": "hmac"})
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}

    for address in [
        "live/",
        f"live/{execution.pk}/",
        f"live/{execution.pk}/steps/one/",
        f"automation/workflow/{workflow.pk}/change/",
        f"automation/workflow/{workflow.pk}/run/",
        f"automation/node/{workflow.nodes.first().pk}/change/",
        f"automation/node/add/?workflow={workflow.pk}",
        f"automation/trigger/{trigger.pk}/change/",
    ]:
        console_page.goto(f"/admin/{address}")
        console_page.locator("#main[role=main]").wait_for()
        found = Axe().run(console_page, options=options).response["violations"]
        assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found] == [], address
    assert Workflow.objects.exists()
