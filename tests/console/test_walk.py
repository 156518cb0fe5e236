"""Every address of the console, asked for by everybody: what is foreign does not exist."""

import pytest
from django.contrib import admin
from django.urls import reverse

from nocode.foundation.models import OutboxEvent
from tests.console.world import MAKERS, SECRET, addresses

# Open to everybody, logged in or not: nothing on them belongs to anyone.
PUBLIC = {"login", "logout", "jsi18n"}
# Refused without parameters, whoever asks.
NEEDS_PARAMETERS = {"autocomplete"}

# What belongs to one person is nobody else's, superusers included.
PERSONAL = (
    "notification_open",
    "foundation_notification_",
    "automation_notificationrule_",
    "automation_notificationdelivery_",
    "approval",
)

# What everybody decides for themselves, whatever their role.
OWN_CHOICES = {
    "organization_notifications",
    "workflow_notifications",
    "workflow_notifications_forget",
    "approval",
    # How they look at a table, and what they say about its rows.
    "studio_table_arrange",
    "studio_table_view_save",
    "studio_table_view_change",
    "studio_table_row_comment",
    "studio_table_row_comment_delete",
}

# Pages that answer a POST as they answer a GET, and change nothing.
ONLY_READS = {f"{model._meta.app_label}_{model._meta.model_name}_history" for model in MAKERS}

# A file of what one may read may be asked for by whoever may read it.
FILES = {"execution_export", "studio_table_export", "studio_project_export"}


def test_every_registered_model_has_a_row_in_the_world():
    assert set(admin.site._registry) <= set(MAKERS)


def test_anonymous_visitors_are_sent_to_the_login_page(world, client):
    for page in addresses(world):
        if page.name in PUBLIC:
            continue
        response = client.get(page.url)
        assert (response.status_code, page.name) in [(302, page.name), (405, page.name)]
        if response.status_code == 302:
            assert response.url.startswith(reverse("admin:login"))


def test_anonymous_visitors_can_post_nothing(world, client):
    for page in addresses(world):
        if page.name in PUBLIC:
            continue
        response = client.post(page.url)
        assert (response.status_code, page.name) in [(302, page.name), (405, page.name)]


@pytest.mark.parametrize("method", ["get", "post"])
def test_strangers_find_nothing_where_an_object_is(world, as_person, method):
    client = as_person("stranger")
    for page in addresses(world):
        if not page.has_object:
            continue
        status = getattr(client, method)(page.url).status_code
        # 405: the page answers the other method only; that one is walked too.
        assert status in {404, 405}, f"{method} {page.url} answered {status}"


def test_strangers_see_no_name_on_any_list(world, as_person):
    client = as_person("stranger")
    for page in addresses(world):
        if page.has_object:
            continue
        response = client.get(page.url, follow=True)
        assert SECRET.encode() not in response.getvalue(), f"{page.url} shows a stranger a foreign name"


def test_strangers_find_nothing_in_the_palette(world, as_person):
    found = as_person("stranger").get(reverse("admin:search"), {"s": SECRET, "extended": 1})
    assert SECRET.encode() not in found.content
    assert SECRET.encode() in as_person("viewer").get(reverse("admin:search"), {"s": SECRET, "extended": 1}).content


@pytest.mark.parametrize("who", ["owner", "viewer"])
def test_pages_open_or_refuse_without_errors(world, as_person, who):
    client = as_person(who)
    for page in addresses(world):
        if page.name in NEEDS_PARAMETERS | PUBLIC:
            continue
        status = client.get(page.url).status_code
        assert status < 400 or status in {403, 404, 405}, f"{page.url} answered {status} to the {who}"


def test_superusers_find_every_page(world, as_person):
    client = as_person("superuser")
    for page in addresses(world):
        if page.name in NEEDS_PARAMETERS | PUBLIC or page.name.endswith("_add") or page.name.startswith(PERSONAL):
            continue
        answer = client.get(page.url)
        status = answer.status_code
        assert status < 400 or status in {405} or (status == 403 and page.name.endswith("_delete")), (
            f"{page.url} answered {status}"
        )
        # Unfold writes it for a button without an address, also where nothing defines it: then its script fails.
        assert answer.streaming or b"actionDropdownOpen" not in answer.content, f"{page.url} has a button without a way"


@pytest.mark.parametrize("model", MAKERS, ids=lambda model: model.__name__)
def test_the_button_of_a_list_leads_to_a_page(as_person, model):
    client = as_person("superuser")
    url = _changelist_of(model)

    if client.get(url).context["has_add_permission"]:
        assert client.get(f"{url}add/").status_code == 200


def test_viewers_can_post_nothing_to_an_object(world, as_person):
    client = as_person("viewer")
    for page in addresses(world):
        if not page.has_object or page.name in ONLY_READS | FILES | OWN_CHOICES:
            continue
        answer = client.post(page.url)
        leads_elsewhere = answer.status_code == 302 and answer.url == client.get(page.url).headers.get("Location")
        assert answer.status_code in {403, 404, 405} or leads_elsewhere, (
            f"a viewer's POST to {page.url} was answered {answer.status_code}"
        )


@pytest.mark.parametrize("model", MAKERS, ids=lambda model: model.__name__)
def test_lists_cost_the_same_with_one_row_and_with_thirty(world, as_person, model, django_assert_max_num_queries):
    client = as_person("superuser" if model not in VISIBLE_TO_OWNERS else "owner")
    url = _changelist_of(model)
    client.get(url)
    with django_assert_max_num_queries(12) as few:
        client.get(url)
    for number in range(1, 30):
        MAKERS[model](world, number)

    with django_assert_max_num_queries(len(few)):
        response = client.get(url)

    assert response.status_code == 200


VISIBLE_TO_OWNERS = {
    model for model in MAKERS if model._meta.app_label in {"foundation", "automation", "studio", "insights"}
} - {model for model in MAKERS if not hasattr(model, "organization_path")}


def _changelist_of(model) -> str:
    if not admin.site.is_registered(model):
        pytest.skip(f"{model.__name__} has no list of its own")
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def test_events_with_no_organization_are_for_superusers(world, as_person):
    OutboxEvent.objects.create(name="platform.fact", key="x", payload={})
    url = reverse("admin:foundation_outboxevent_changelist")

    assert b"platform.fact" not in as_person("owner").get(url).content
    assert b"platform.fact" in as_person("superuser").get(url).content
