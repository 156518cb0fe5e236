"""The builder with 300 steps: how long a frame takes while steps are dragged, and what a change costs the server."""

import json
import os
import statistics
from functools import partial

from django.db import connections
from django.test import Client
from django.urls import reverse

from nocode.automation.models import Edge, Node
from nocode.automation.services import drafts
from nocode.setup import browser as setup
from tests.benchmarks._server import web_server
from tests.benchmarks.harness import Bench, Sample, Skipped, goal, measurement
from tests.factories import make_organization, make_user, make_workflow, set_values
from tests.fixtures.browser import ARGUMENTS

STEPS = 300
FRAMES = 60
RECORD = """() => {
  window.frames_ = []; let last = performance.now(); window.recording_ = true;
  const step = (now) => {
    window.frames_.push(now - last);
    last = now;
    if (window.recording_) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}"""


def prepare(bench: Bench):
    """A workflow of branches and joins, its owner, and a client."""
    if "workflow" not in bench.shared:
        organization = make_organization()
        workflow = make_workflow(organization)
        Node.objects.bulk_create(
            Node(
                workflow=workflow,
                key=f"s{number}",
                kind="merge" if number % 5 == 0 else "set",
                label=f"Step {number}",
                config={} if number % 5 == 0 else set_values(x="{{ input.x }}"),
            )
            for number in range(STEPS)
        )
        nodes = {node.key: node for node in workflow.nodes.all()}
        ways = {(max(number - 1 - number % 3, 0), number) for number in range(1, STEPS)}
        ways |= {(number - 7, number) for number in range(10, STEPS, 5)}
        Edge.objects.bulk_create(
            Edge(workflow=workflow, source=nodes[f"s{a}"], target=nodes[f"s{b}"]) for a, b in sorted(ways)
        )
        drafts.apply(workflow, [{"op": "arrange"}], on_canvas=True)
        user = make_user(organization=organization)
        client = Client(SERVER_NAME="localhost")
        client.force_login(user)
        bench.shared |= {"workflow": workflow, "client": client}
    return bench.shared["workflow"], bench.shared["client"]


def opened(bench: Bench):
    """The builder in a browser."""
    workflow, client = prepare(bench)
    if "page" in bench.shared:
        return bench.shared["page"]
    executable = setup.find()
    if executable is None or not setup.driver_runs():
        raise Skipped("No Chromium on this machine.")
    from playwright.sync_api import sync_playwright

    port = bench.running.enter_context(web_server())
    chromium = bench.running.enter_context(sync_playwright()).chromium.launch(
        executable_path=executable, args=ARGUMENTS
    )
    bench.running.callback(chromium.close)
    # Playwright keeps an event loop in this thread: from here on Django has another connection, which ends with it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    bench.running.callback(connections.close_all)
    url = f"http://127.0.0.1:{port}"
    context = chromium.new_context(base_url=url, viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}])
    context.set_default_timeout(120_000)
    page = bench.shared["page"] = context.new_page()
    page.goto(reverse("admin:workflow_builder", args=[workflow.pk]))
    page.locator("[data-view][data-ready]").wait_for()
    return page


def frame(page, start: tuple[float, float]) -> float:
    """The median time of a frame while the mouse drags from there."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 8, start[1] + 8)
    page.evaluate(RECORD)
    for number in range(FRAMES):
        page.mouse.move(start[0] + 8 + number * 2, start[1] + number)
        page.wait_for_timeout(8)
    assert page.locator("#builder.is-dragging").count(), "nothing was dragged"
    frames = page.evaluate("() => { window.recording_ = false; return window.frames_; }")
    page.keyboard.press("Escape")
    page.mouse.up()
    return statistics.median(frames[2:])


def middle(page, key: str) -> tuple[float, float]:
    box = page.locator(f"#card-{key}").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def show_all(page) -> None:
    page.locator("[data-do=fit]").click()


@measurement("Frame while one of 300 steps is dragged", unit="ms")
def drag_one(bench: Bench) -> float:
    page = opened(bench)
    show_all(page)
    return frame(page, middle(page, "s150"))


@measurement("Frame while all 300 steps are dragged", unit="ms")
def drag_all(bench: Bench) -> float:
    page = opened(bench)
    show_all(page)
    page.locator("#card-s150").focus()
    page.keyboard.press("Control+a")
    taken = frame(page, middle(page, "s150"))
    page.keyboard.press("Escape")
    return taken


@measurement("Frame while the ground is dragged", unit="ms")
def drag_ground(bench: Bench) -> float:
    page = opened(bench)
    show_all(page)
    box = page.locator("[data-view]").bounding_box()
    return frame(page, (box["x"] + box["width"] / 2, box["y"] + 20))


def change(bench: Bench, operations: list[dict]) -> Sample:
    workflow, client = prepare(bench)
    body = json.dumps({"revision": drafts.revision_of(workflow), "ops": operations})
    send = partial(client.post, reverse("admin:workflow_draft", args=[workflow.pk]), body)
    with bench.statements() as count, bench.clock() as clock:
        answer = send(content_type="application/json")
    assert answer.status_code == 200, answer.content[:300]
    return Sample(clock.ms, statements=count.total, bytes=len(answer.content))


@measurement("Moving one of 300 steps, server", unit="ms")
def move(bench: Bench) -> Sample:
    workflow, _client = prepare(bench)
    x = workflow.nodes.get(key="s150").x
    return change(bench, [{"op": "move", "places": {"s150": [x + 20, 0]}}])


@measurement("Changing one of 300 steps, server", unit="ms")
def configure(bench: Bench) -> Sample:
    label = f"Step {drafts.revision_of(prepare(bench)[0])}"
    return change(bench, [{"op": "configure", "step": "s150", "label": label}])


@measurement("Page with 300 steps, server", unit="ms")
def page(bench: Bench) -> Sample:
    workflow, client = prepare(bench)
    with bench.statements() as count, bench.clock() as clock:
        answer = client.get(reverse("admin:workflow_builder", args=[workflow.pk]))
    return Sample(clock.ms, statements=count.total, bytes=len(answer.content))


for name in ("one of 300 steps is", "all 300 steps are"):
    goal(f"Frame while {name} dragged", at_most=32)
goal("Frame while the ground is dragged", at_most=32)
