"""How calls made with integrations are counted: each once, with its step, however many workers there are."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from nocode.automation.engine import calls, runner
from nocode.automation.errors import NotTestable, PermanentFailure
from nocode.automation.models import Integration, IntegrationCall, IntegrationStats
from nocode.automation.nodes.http import HttpRequest
from nocode.automation.services import executions, integrations, workflows
from nocode.automation.tasks import update_integration_stats
from tests.automation.echoing import TOKEN, calling, sent_with, serving
from tests.automation.screens import make_office
from tests.factories import make_edge, make_integration, make_node, make_published, make_workflow, set_values

pytestmark = pytest.mark.django_db

Health = IntegrationStats.Health


@pytest.fixture
def office():
    return make_office()


@pytest.fixture
def server(settings):
    settings.OUTGOING_HTTP_ALLOW = ["127.0.0.1", "localhost"]
    with serving() as server:
        yield server


def called(integration_id, milliseconds=5, error="", ago=0) -> IntegrationCall:
    at = timezone.now() - timedelta(seconds=ago)
    return IntegrationCall.objects.create(integration_id=integration_id, at=at, milliseconds=milliseconds, error=error)


# --- Counting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "config", "failed"),
    [("", {}, False), ("/404", {}, True), ("/500", {}, True), ("/404", {"accept_errors": True}, False)],
)
def test_each_call_of_a_step_is_a_row(office, server, path, config, failed):
    integration = make_integration(office.organization, values={"token": TOKEN})

    sent_with(integration, server, path, **config)

    [call] = IntegrationCall.objects.all()
    assert (call.integration_id, bool(call.error)) == (integration.pk, failed)
    assert call.milliseconds < 5000
    assert TOKEN not in call.error


def test_a_call_without_an_integration_is_counted_nowhere(office, server):
    workflow = make_published(calling(server.url, None), organization=office.organization)
    executions.run_now(executions.start(workflow).pk, budget=10)

    assert len(server.calls) == 1
    assert not IntegrationCall.objects.exists()


def test_credentials_that_are_not_for_a_host_are_no_call(office, server):
    integration = make_integration(office.organization, values={"token": TOKEN, "hosts": "example.com"})

    assert sent_with(integration, server).status == "failed"
    assert not IntegrationCall.objects.exists()


def test_calls_of_parallel_branches_are_all_counted(office, server):
    integration = make_integration(office.organization, values={"token": TOKEN})
    workflow = make_workflow(office.organization)
    start = make_node(workflow, "start", "set", config=set_values(x=1))
    for number in range(4):
        config = calling(server.url, integration)[2]
        make_edge(start, make_node(workflow, f"call_{number}", "http.request", config=config))
    workflows.publish(workflow)
    workflow.refresh_from_db()

    executions.run_now(executions.start(workflow).pk, budget=10)

    assert IntegrationCall.objects.count() == 4


def test_the_call_is_written_by_the_statement_of_the_steps_result(office, server):
    integration = make_integration(office.organization, values={"token": TOKEN})
    with_one = make_published(calling(server.url, integration), organization=office.organization)
    without = make_published(calling(server.url, None), organization=office.organization)

    def statements(workflow) -> list[str]:
        for _warm in range(2):
            execution = executions.start(workflow)
            with CaptureQueriesContext(connection) as captured:
                runner.run(execution.pk, continue_later=lambda *args: None)
        texts = [query["sql"].partition("(")[0].strip() for query in captured]
        return [text for text in texts if "SAVEPOINT" not in text]

    begun, result, end = "EXECUTE execution_flush", "EXECUTE execution_flush_counted", "EXECUTE execution_flush"
    assert statements(without) == ["EXECUTE execution_look", begun, begun, end]
    own = [text for text in statements(with_one) if text.startswith("EXECUTE")]
    assert own == ["EXECUTE execution_look", begun, result, end]


def test_what_another_worker_took_over_is_not_counted(office, server, monkeypatch):
    integration = make_integration(office.organization, values={"token": TOKEN})
    workflow = make_published(calling(server.url, integration), organization=office.organization)
    execution = executions.start(workflow)
    run = HttpRequest.run

    def lose_the_lease(self, settings, step):
        type(execution).objects.update(lease_token=uuid4())
        return run(self, settings, step)

    monkeypatch.setattr(HttpRequest, "run", lose_the_lease)
    runner.run(execution.pk, continue_later=lambda *args: None)

    assert len(server.calls) == 1
    assert not IntegrationCall.objects.exists()


# --- Folding ----------------------------------------------------------------------------------------------------------


def test_calls_become_sums():
    shop, mail = make_integration(name="Shop"), make_integration(name="Mail")
    for milliseconds in range(1, 101):
        called(shop.pk, milliseconds)
    called(shop.pk, 5000, "It was down.")
    called(mail.pk, 7)

    assert update_integration_stats() == {"calls": 102}
    assert update_integration_stats() == {"calls": 0}

    stats = IntegrationStats.objects.get(integration=shop)
    assert (stats.calls, stats.failures, stats.last_error) == (101, 1, "It was down.")
    assert (stats.p50, stats.p95) == (51, 96)
    assert stats.last_used_at >= stats.last_failed_at
    assert stats.health == Health.HEALTHY
    assert IntegrationStats.objects.get(integration=mail).calls == 1
    assert not IntegrationCall.objects.exists()


def test_sums_go_on_where_they_were():
    integration = make_integration()
    for number in range(3):
        called(integration.pk, 10 * (number + 1), "Broken." if number == 0 else "")
        update_integration_stats()

    stats = IntegrationStats.objects.get()
    assert (stats.calls, stats.failures, stats.last_error) == (3, 1, "Broken.")
    assert stats.durations == [30, 20, 10]
    assert stats.outcomes == [True, True, False]


def test_only_the_last_calls_are_measured():
    integration = make_integration()
    IntegrationCall.objects.bulk_create(
        IntegrationCall(integration_id=integration.pk, at=timezone.now(), milliseconds=number)
        for number in range(IntegrationStats.KEPT + 50)
    )
    update_integration_stats()
    called(integration.pk, 9999)
    update_integration_stats()

    stats = IntegrationStats.objects.get()
    assert len(stats.durations) == len(stats.outcomes) == IntegrationStats.KEPT
    assert stats.durations[:2] == [9999, IntegrationStats.KEPT + 49]
    assert stats.calls == IntegrationStats.KEPT + 51


def test_more_calls_than_a_batch_are_all_taken(monkeypatch):
    monkeypatch.setattr(calls, "BATCH", 10)
    integration = make_integration()
    for _number in range(25):
        called(integration.pk)

    assert update_integration_stats() == {"calls": 25}
    assert IntegrationStats.objects.get().calls == 25


def test_calls_of_a_deleted_integration_are_dropped():
    called(uuid4())

    assert update_integration_stats() == {"calls": 1}
    assert not IntegrationStats.objects.exists()


@pytest.mark.parametrize(
    ("outcomes", "health"),
    [
        ([], Health.UNUSED),
        ([True], Health.HEALTHY),
        ([False], Health.FAILING),
        ([False, False, True], Health.DEGRADED),
        ([False] * 3 + [True] * 17, Health.FAILING),
        ([True] + [False] * 19, Health.DEGRADED),
        ([True] * 18 + [False] * 2, Health.HEALTHY),
        ([True] * 17 + [False] * 3, Health.DEGRADED),
        ([True] * 20 + [False] * 180, Health.HEALTHY),
    ],
)
def test_health_is_what_the_last_calls_say(outcomes, health):
    assert IntegrationStats(outcomes=outcomes).health == health


@pytest.mark.django_db(transaction=True)
def test_many_at_once_lose_nothing_and_count_nothing_twice():
    """Writers and folders in threads, some of which roll back."""
    ids = [make_integration().pk for _number in range(3)]

    def write(number: int) -> int:
        try:
            with transaction.atomic():
                called(ids[number % 3], number, "No." if number % 5 == 0 else "")
                if number % 4 == 0:
                    transaction.set_rollback(True)
                    return 0
            return 1
        finally:
            connection.close()

    def fold(_number: int) -> int:
        try:
            return calls.fold()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        written = [pool.submit(write, number) for number in range(400)]
        folded = [pool.submit(fold, number) for number in range(40)]
        total = sum(each.result() for each in written)
        taken = sum(each.result() for each in folded)
    taken += calls.fold()

    stats = IntegrationStats.objects.all()
    assert (total, taken) == (300, 300)
    assert sum(each.calls for each in stats) == 300
    assert sum(each.failures for each in stats) == len([n for n in range(400) if n % 5 == 0 and n % 4])


# --- Screens ----------------------------------------------------------------------------------------------------------


def test_the_page_and_the_list_show_how_it_goes(office):
    integration = make_integration(office.organization, name="Shop")
    client = office.client("viewer")
    page = reverse("admin:automation_integration_change", args=[integration.pk])
    assert "Not used yet" in client.get(page).content.decode()
    for error in ("", "", "", "The shop was closed."):
        called(integration.pk, 1200, error)
    update_integration_stats()

    shown = client.get(page).content.decode()
    listed = client.get(reverse("admin:automation_integration_changelist")).content.decode()

    assert ["Degraded" in shown, "1.2 s" in shown, "The shop was closed." in shown] == [True] * 3
    assert ["Degraded" in listed, "1.2 s" in listed] == [True] * 2


def test_the_button_tries_the_credentials(office, server):
    values = {"token": TOKEN, "test_url": server.url}
    integration = make_integration(office.organization, values=values)
    client = office.client("owner")

    client.post(reverse("admin:integration_test", args=[integration.pk]))
    page = client.get(reverse("admin:automation_integration_change", args=[integration.pk])).content.decode()

    assert server.calls[0]["authorization"] == f"Bearer {TOKEN}"
    assert "answered 200." in page
    assert "ms." in page
    assert TOKEN not in page
    assert IntegrationCall.objects.get().error == ""


@pytest.mark.parametrize("status", [401, 500])
def test_the_button_tells_what_is_wrong(office, server, status):
    values = {"token": TOKEN, "test_url": f"{server.url}/{status}"}
    integration = make_integration(office.organization, values=values)
    client = office.client("owner")

    client.post(reverse("admin:integration_test", args=[integration.pk]))
    page = client.get(reverse("admin:automation_integration_change", args=[integration.pk])).content.decode()

    assert f"answered {status}" in page
    assert TOKEN not in page
    assert str(status) in IntegrationCall.objects.get().error
    update_integration_stats()
    assert IntegrationStats.objects.get().health == Health.FAILING


def test_a_private_address_is_not_tried(office):
    with serving() as server:
        integration = make_integration(office.organization, values={"token": TOKEN, "test_url": server.url})

        with pytest.raises(PermanentFailure, match="private network"):
            integrations.test(integration)

        assert server.calls == []


def test_credentials_are_not_tried_where_they_are_not_for(office, server):
    values = {"token": TOKEN, "test_url": server.url, "hosts": "example.com"}
    integration = make_integration(office.organization, values=values)

    with pytest.raises(PermanentFailure, match="is not for the host"):
        integrations.test(integration)

    assert server.calls == []


def test_without_an_address_there_is_nothing_to_try(office):
    with pytest.raises(NotTestable):
        integrations.test(make_integration(office.organization))

    assert not IntegrationCall.objects.exists()


@pytest.mark.parametrize(("who", "status"), [("owner", 302), ("viewer", 403), ("stranger", 404)])
def test_who_may_try(office, who, status):
    integration = make_integration(office.organization)
    url = reverse("admin:integration_test", args=[integration.pk])

    assert office.client(who).post(url).status_code == status
    assert office.client(who).get(url).status_code == 405


def test_strangers_see_no_statistics(office):
    integration = make_integration(office.organization, name="Shop")
    called(integration.pk, 5, "Shop is closed.")
    update_integration_stats()
    client = office.client("stranger")

    pages = [reverse(f"admin:automation_{name}_changelist") for name in ("integration", "integrationstats")]

    assert "Shop" not in "".join(client.get(page).content.decode() for page in pages)
    assert Integration.objects.get().stats.calls == 1
