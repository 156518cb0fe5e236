"""The pages of integrations, and what a step's page offers of them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.urls import reverse

from nocode.automation.integrations import integration_types
from nocode.automation.models import Integration
from nocode.automation.services import integrations
from tests.automation.echoing import TOKEN, calling
from tests.automation.screens import make_office
from tests.factories import make_integration, make_published
from tests.locks import until_it_waits

pytestmark = pytest.mark.django_db

CARDS = "/admin/automation/integration/add/"
TYPED = {"name": "Shop", "is_active": "on", "config-token": TOKEN, "config-hosts": "example.com"}


@pytest.fixture
def office():
    return make_office()


def page_of(integration: Integration, name: str = "change") -> str:
    return reverse(f"admin:automation_integration_{name}", args=[integration.pk])


def test_the_types_are_offered_as_cards(office):
    html = office.client("owner").get(CARDS).content.decode()

    assert [f"?kind={each.kind}" in html for each in integration_types] == [True] * len(list(integration_types))


def test_an_integration_is_added_and_changed(office):
    client = office.client("owner")

    added = client.post(f"{CARDS}?kind=http.bearer", TYPED)

    integration = Integration.objects.get()
    assert added.url == page_of(integration)
    assert (integration.organization, integration.created_by) == (office.organization, office.owner)
    assert integration.settings == {"hosts": "example.com", "test_url": ""}
    assert integration.read_secrets() == {"token": TOKEN}
    client.post(page_of(integration), {**TYPED, "name": "Store", "config-token": "", "is_active": ""})
    integration.refresh_from_db()
    assert (integration.name, integration.is_active, integration.read_secrets()) == ("Store", False, {"token": TOKEN})


def test_a_secret_that_was_typed_does_not_come_back_with_an_error(office):
    response = office.client("owner").post(f"{CARDS}?kind=http.bearer", {**TYPED, "config-hosts": "not a host!"})

    assert response.context["config_form"].errors.keys() == {"hosts"}
    assert TOKEN not in response.content.decode()


def test_a_kept_secret_may_stay_empty_a_new_one_not(office):
    client = office.client("owner")
    new = client.post(f"{CARDS}?kind=http.bearer", {**TYPED, "config-token": ""})
    shown = client.get(page_of(make_integration(office.organization))).content.decode()

    assert new.context["config_form"].errors.keys() == {"token"}
    assert "•••, leave empty to keep" in shown


@pytest.mark.parametrize("is_new", [True, False])
def test_a_name_is_taken_once_per_organization(office, is_new):
    make_integration(office.organization, name="Shop")
    make_integration(name="Elsewhere's")
    address = f"{CARDS}?kind=http.bearer" if is_new else page_of(make_integration(office.organization))
    client = office.client("owner")

    taken = client.post(address, TYPED)
    free = client.post(address, {**TYPED, "name": "Elsewhere's"})

    assert "Another integration of this organization has this name." in taken.content.decode()
    assert free.status_code == 302


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_new", [True, False])
def test_a_name_taken_at_the_same_moment_is_told_in_the_form(office, is_new):
    address = f"{CARDS}?kind=http.bearer" if is_new else page_of(make_integration(office.organization))
    client = office.client("owner")

    def save():
        try:
            return client.post(address, TYPED)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            make_integration(office.organization, name="Shop")
            second = pool.submit(save)
            until_it_waits(second)
        response = second.result(timeout=20)

    assert response.context["form"].errors == {"name": ["Another integration of this organization has this name."]}
    assert Integration.objects.filter(name="Shop").count() == 1


def test_viewers_read_the_name_and_change_nothing(office):
    integration = make_integration(office.organization, name="Shop", values={"token": TOKEN})
    client = office.client("viewer")

    shown = client.get(page_of(integration)).content.decode()
    refused = [client.post(page_of(integration), TYPED), client.post(page_of(integration, "delete"), {"post": "yes"})]
    foreign = client.post(f"{CARDS}?kind=http.bearer", {**TYPED, "organization": office.organization.pk})

    assert 'value="Shop"' in shown
    assert 'type="submit" class="c-button' not in shown
    assert [answer.status_code for answer in refused] == [403, 403]
    # Owner of another organization, the person may add there, and only there.
    assert foreign.status_code == 302
    assert [each.name for each in Integration.objects.filter(organization=office.organization)] == ["Shop"]


def test_strangers_find_nothing(office):
    integration = make_integration(office.organization, name="Shop")
    client = office.client("stranger")

    answers = [client.get(page_of(integration, name)).status_code for name in ("change", "history", "delete")]

    assert answers == [404, 404, 404]
    assert client.post(page_of(integration), TYPED).status_code == 404
    assert b"Shop" not in client.get(reverse("admin:automation_integration_changelist")).content


def test_the_list_cannot_be_filtered_by_secrets(office):
    make_integration(office.organization, name="Shop")
    response = office.client("owner").get(
        reverse("admin:automation_integration_changelist"), {"secrets__startswith": "g"}
    )

    assert response.status_code in {302, 400}


@pytest.mark.parametrize("how", ["page", "list"])
def test_deleting_what_is_used_is_refused_with_the_workflows_name(office, how):
    integration = make_integration(office.organization)
    make_published(calling("https://example.com/", integration), organization=office.organization, name="Orders")
    client = office.client("owner")

    if how == "page":
        response = client.post(page_of(integration, "delete"), {"post": "yes"})
    else:
        data = {"action": "delete_selected", "_selected_action": [integration.pk], "post": "yes"}
        response = client.post(reverse("admin:automation_integration_changelist"), data)

    assert "Orders" in response.content.decode()
    assert Integration.objects.exists()


@pytest.mark.parametrize("how", ["page", "list"])
def test_what_is_not_used_is_deleted(office, how):
    integration = make_integration(office.organization)
    client = office.client("owner")

    if how == "page":
        client.post(page_of(integration, "delete"), {"post": "yes"})
    else:
        data = {"action": "delete_selected", "_selected_action": [integration.pk], "post": "yes"}
        client.post(reverse("admin:automation_integration_changelist"), data)

    assert not Integration.objects.exists()


def test_going_back_in_history_keeps_the_secret_of_today(office):
    integration = make_integration(office.organization, name="Shop", values={"token": "the-token-of-before"})
    before = integration.history.latest()
    integration.name = "Store"
    integrations.save(integration, {"token": TOKEN, "hosts": "example.com"})
    address = reverse("admin:automation_integration_simple_history", args=[integration.pk, before.pk])

    office.client("owner").post(address, {"name": "Shop", "is_active": "on", "settings": '{"hosts": ""}'})

    integration.refresh_from_db()
    assert (integration.name, integration.settings["hosts"]) == ("Shop", "")
    assert integration.read_secrets() == {"token": TOKEN}


def test_a_step_offers_the_active_integrations_of_its_organization(office):
    workflow = office.workflow(calling("https://example.com/", None))
    make_integration(office.organization, name="Shop")
    make_integration(office.organization, name="Sleeping", is_active=False)
    foreign = make_integration(name="Theirs")
    address = reverse("admin:automation_node_change", args=[workflow.nodes.get().pk])
    client = office.client("owner")

    choices = client.get(address).context["config_form"].fields["integration"].choices
    data = {"label": "Call", "config-method": "GET", "config-url": "https://example.com/", "config-timeout": "30"}
    refused = client.post(address, {**data, "config-integration": foreign.pk})

    assert [label for _value, label in choices] == ["No integration", "Shop"]
    assert refused.context["config_form"].errors.keys() == {"integration"}


def test_a_step_keeps_showing_what_became_of_its_choice(office):
    integration = make_integration(office.organization, name="Shop")
    workflow = office.workflow(calling("https://example.com/", integration))
    Integration.objects.update(is_active=False)

    html = office.client("owner").get(reverse("admin:automation_node_change", args=[workflow.nodes.get().pk]))

    assert f'<option value="{integration.pk}" selected>The integration “Shop” is switched off.' in html.content.decode()
