"""The page of a trigger: settings, address, secret, calls, next runs."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from nocode.automation.models import Trigger
from nocode.automation.services import triggers
from nocode.foundation.crypto import decrypt
from tests.automation.screens import make_office
from tests.factories import make_trigger

pytestmark = pytest.mark.django_db

PREVIEW = "/admin/automation/trigger/preview/"
CRON = {"config-mode": "cron", "config-every": "1", "config-unit": "hours", "config-missed": "once"}
HOOK = {
    "config-security": "none",
    "config-tolerance": "300",
    "config-answer": "at_once",
    "config-wait_seconds": "25",
    "config-methods": ["POST"],
    "config-sample": "{}",
}


@pytest.fixture
def office():
    return make_office()


@pytest.fixture
def workflow(office):
    return office.workflow()


def url(name: str, trigger) -> str:
    return reverse(f"admin:{name}", args=[trigger.pk])


def page(client, address: str, **query) -> str:
    response = client.get(address, query)
    assert response.status_code == 200
    return unescape(response.content.decode())


def cron(expression: str, zone: str = "UTC") -> dict:
    return {**CRON, "config-cron": expression, "config-time_zone": zone}


def call(client, trigger):
    return client.post(reverse("webhook", args=[trigger.token]), {"x": 1}, content_type="application/json")


# --- Settings -------------------------------------------------------------------------------------------------------


def test_every_kind_is_offered(office, workflow):
    html = page(office.client("owner"), reverse("admin:automation_trigger_add"), workflow=workflow.pk)

    assert [f"kind={kind}" in html for kind in ("manual", "webhook", "schedule")] == [True, True, True]


def test_a_schedule_is_added_and_planned(office, workflow):
    address = reverse("admin:automation_trigger_add") + f"?workflow={workflow.pk}&kind=schedule"
    data = {"name": "At nine", "is_active": "on", "entry": "", **cron("0 9 * * *", "Europe/Paris")}

    response = office.client("owner").post(address, data)

    trigger = Trigger.objects.get()
    assert response.url == url("automation_trigger_change", trigger)
    assert trigger.next_run_at is not None
    assert (trigger.name, trigger.config["cron"], trigger.config["time_zone"]) == (
        "At nine",
        "0 9 * * *",
        "Europe/Paris",
    )


def test_settings_that_are_wrong_say_so_at_their_field(office, workflow):
    address = reverse("admin:automation_trigger_add") + f"?workflow={workflow.pk}&kind=schedule"

    response = office.client("owner").post(address, {"name": "Never", "entry": "", **cron("61 9 * * *")})

    assert "minute" in response.context["config_form"].errors["cron"][0]
    assert not Trigger.objects.exists()


def test_a_trigger_is_changed(office, workflow):
    trigger = make_trigger(workflow, "webhook")
    data = {"name": "Orders", "entry": "second", **HOOK, "config-rate_limit": "60"}

    office.client("owner").post(url("automation_trigger_change", trigger), data)

    trigger.refresh_from_db()
    assert (trigger.name, trigger.is_active, trigger.entry) == ("Orders", False, "second")
    assert trigger.config["rate_limit"] == 60
    assert trigger.history.count() == 2


def test_a_trigger_changed_meanwhile_is_not_overwritten(office, workflow):
    trigger, client = make_trigger(workflow, "webhook"), office.client("owner")
    address = url("automation_trigger_change", trigger)
    [seen_at] = re.findall(r'name="seen_at" value="([^"]+)"', page(client, address))
    client.post(address, {"name": "Theirs", "entry": "", **HOOK, "seen_at": seen_at})

    response = client.post(address, {"name": "Mine", "entry": "", **HOOK, "seen_at": seen_at})

    assert "Somebody changed this meanwhile" in response.context["form"].errors["name"][0]
    trigger.refresh_from_db()
    assert trigger.name == "Theirs"


def test_it_starts_only_at_a_step_of_its_workflow(office, workflow):
    trigger = make_trigger(workflow, "webhook")

    response = office.client("owner").post(
        url("automation_trigger_change", trigger), {"name": "x", "entry": "nowhere", **HOOK}
    )

    assert "entry" in response.context["form"].errors


def test_the_history_is_there(office, workflow):
    trigger = make_trigger(workflow, "webhook")

    assert page(office.client("viewer"), url("automation_trigger_history", trigger))


# --- Schedule -------------------------------------------------------------------------------------------------------


def test_the_preview_says_when_in_words_and_dates(office):
    html = page(office.client("viewer"), PREVIEW, **cron("30 6 1 * *", "Asia/Tokyo"))

    assert "Asia/Tokyo" in html
    assert html.count("06:30") >= 5
    assert html.count("<time datetime=") == 10  # each run absolute and relative


def test_the_preview_says_what_is_wrong_while_typing(office):
    html = page(office.client("viewer"), PREVIEW, **cron("30 25 * * *"))

    assert "“25” is not valid for the hour" in html
    assert "<time" not in html


def test_the_preview_needs_no_more_than_the_person(office):
    client = office.client("viewer")
    with CaptureQueriesContext(connection) as queries:
        page(client, PREVIEW, **cron("0 * * * *"))

    assert len(queries) == 3  # session, user, memberships


# --- Webhook --------------------------------------------------------------------------------------------------------


def test_the_address_and_a_line_to_paste_are_shown(office, workflow, settings):
    settings.PUBLIC_URL = "https://nocode.example.com"
    trigger = make_trigger(workflow, "webhook")

    html = page(office.client("owner"), url("automation_trigger_change", trigger))

    assert f"https://nocode.example.com/hooks/{trigger.token}/" in html
    assert f"curl -X POST https://nocode.example.com/hooks/{trigger.token}/" in html


def test_calls_lead_to_their_executions(office, workflow, client):
    trigger = make_trigger(workflow, "webhook")
    answer = call(client, trigger).json()
    client_of_viewer = office.client("viewer")
    waiting = page(client_of_viewer, url("automation_trigger_change", trigger))

    office.finished(workflow, execution_id=answer["execution_id"])
    started = page(client_of_viewer, url("automation_trigger_change", trigger))

    assert "Not started" in waiting
    assert reverse("admin:execution_detail", args=[answer["execution_id"]]) in started


@pytest.mark.parametrize("calls", [1, 30])
def test_the_page_costs_the_same_for_one_call_and_for_thirty(office, workflow, client, calls):
    trigger = make_trigger(workflow, "webhook")
    for _ in range(calls):
        office.finished(workflow, execution_id=call(client, trigger).json()["execution_id"])
    viewer = office.client("viewer")

    with CaptureQueriesContext(connection) as queries:
        page(viewer, url("automation_trigger_change", trigger))

    assert len(queries) <= 12


def test_a_secret_is_asked_for_made_shown_once_and_masked(office, workflow):
    trigger = make_trigger(workflow, "webhook", config={"security": "header"})
    client = office.client("owner")
    assert "there is none yet" in page(client, url("automation_trigger_change", trigger))

    made = unescape(client.post(url("trigger_secret", trigger)).content.decode())
    afterwards = page(client, url("automation_trigger_change", trigger))

    trigger.refresh_from_db()
    secret = decrypt(trigger.secret)
    assert made.count(secret) == 2  # on its own, and in the line to paste
    assert secret not in afterwards
    assert "••••" in afterwards


def test_a_secret_that_the_sender_gave_is_kept_and_not_shown(office, workflow):
    trigger = make_trigger(workflow, "webhook", config={"security": "header"})

    response = office.client("owner").post(url("trigger_secret", trigger), {"secret": "given by them"}, follow=True)

    trigger.refresh_from_db()
    assert decrypt(trigger.secret) == "given by them"
    assert "given by them" not in response.content.decode()


def test_an_old_address_ends_with_a_new_one(office, workflow, client):
    trigger = make_trigger(workflow, "webhook")
    old = trigger.token

    office.client("owner").post(url("trigger_address", trigger))

    trigger.refresh_from_db()
    assert trigger.token != old
    assert client.post(reverse("webhook", args=[old])).status_code == 404


# --- Who ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "reads", "acts"), [("viewer", 200, 403), ("stranger", 404, 404)])
def test_who_may_not_change_changes_nothing(office, workflow, who, reads, acts):
    trigger = triggers.create(workflow, "webhook", "Hook", config={"security": "header"}, secret="keep me")
    before = Trigger.objects.values().get()
    client = office.client(who)

    assert client.get(url("automation_trigger_change", trigger)).status_code == reads
    for name in ("automation_trigger_change", "trigger_secret", "trigger_address", "automation_trigger_delete"):
        assert client.post(url(name, trigger), {"name": "Mine", "entry": "", **HOOK}).status_code == acts
    assert Trigger.objects.values().get() == before


def test_viewers_see_no_buttons(office, workflow):
    trigger = make_trigger(workflow, "webhook", config={"security": "header"})

    html = page(office.client("viewer"), url("automation_trigger_change", trigger))

    assert "<fieldset" in html
    for word in ("Make a secret", "New address", "Save</button>", ">Delete<"):
        assert word not in html, word


def test_viewers_do_not_see_the_address(office, workflow):
    """Whoever knows it can start the workflow."""
    trigger = make_trigger(workflow, "webhook")

    html = page(office.client("viewer"), url("automation_trigger_change", trigger))

    assert trigger.token not in html
    assert "Last calls" in html


def test_an_owner_deletes_a_trigger(office, workflow):
    trigger = make_trigger(workflow, "webhook")

    office.client("owner").post(url("automation_trigger_delete", trigger), {"post": "yes"})

    assert not Trigger.objects.exists()


def test_cards_of_triggers_show_names_as_code(office, workflow):
    shown = page(office.client("owner"), reverse("admin:automation_trigger_add"), workflow=workflow.pk)

    assert "<code>trigger.record</code>" in shown
    assert "`" not in shown.split('class="c-kinds"')[1].split("</div>")[0]
