"""The bell: who is told what, once; what a person sees of it, and nobody else does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from nocode.foundation.models import Notification, Role
from nocode.foundation.services import notifications
from nocode.foundation.services.notifications import notify
from nocode.foundation.tasks.retention import forget_old_rows
from tests.factories import make_organization, make_user

pytestmark = pytest.mark.django_db

LIST = "admin:foundation_notification_changelist"


@pytest.fixture
def organization():
    return make_organization("Acme")


@pytest.fixture
def person(organization):
    return make_user(organization=organization, role=Role.VIEWER)


def log_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def tell(person, key="one", **fields) -> Notification:
    notify([person], "test.fact", key, **{"title": f"About {key}", **fields})
    return Notification.objects.get(user=person, key=key)


# --- Telling ----------------------------------------------------------------------------------------------------------


def test_people_are_told_with_one_statement(organization, django_assert_num_queries):
    people = [make_user(organization=organization) for _number in range(30)]

    with django_assert_num_queries(1):
        told = notify(people, "test.fact", "one", "It happened", "At noon.", "/admin/", "error", organization)

    assert told == Notification.objects.count() == 30
    first = Notification.objects.get(user=people[0])
    assert (first.title, first.text, first.link, first.level) == ("It happened", "At noon.", "/admin/", "error")
    assert (first.organization, first.read_at) == (organization, None)


def test_the_same_fact_is_told_once(person):
    assert [
        notify([person, person.pk], "test.fact", "one", "First"),
        notify([person], "test.fact", "one", "Again"),
    ] == [
        1,
        0,
    ]
    assert Notification.objects.get().title == "First"


def test_who_left_or_was_deactivated_is_told_nothing(organization):
    member, root = make_user(organization=organization), make_user(is_superuser=True)
    gone = make_user(organization=organization, is_active=False)
    elsewhere = make_user(organization=make_organization())

    notify([member, root, gone, elsewhere], "test.fact", "one", "It happened", organization=organization)

    assert set(Notification.objects.values_list("user", flat=True)) == {member.pk, root.pk}


def test_what_is_too_long_or_not_storable_is_made_to_fit(person):
    told = tell(person, title="x" * 300, text="a\0b")

    assert (len(told.title), told.title[-1], told.text) == (250, "…", "ab")


@pytest.mark.parametrize(
    "link",
    ["https://evil.example/", "//evil.example/", "/\\evil.example/", "/\t/evil.example/", "javascript:alert(1)", "x"],
)
def test_a_link_leads_nowhere_else(person, link):
    with pytest.raises(ValueError, match="a page of ours"):
        notify([person], "test.fact", "one", "It happened", link=link)


def test_a_rollback_tells_nothing(person):
    with transaction.atomic():
        tell(person)
        transaction.set_rollback(True)

    assert not Notification.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_at_once_tell_it_once(person):
    def repeat(_number):
        try:
            return notify([person], "test.fact", "one", "It happened")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(repeat, range(12))) == 1


def test_old_ones_are_forgotten(person):
    now = timezone.now()
    ages = {"just read": (1, 1), "read long ago": (91, 91), "never read": (200, None), "forgotten": (366, None)}
    for key, (age, read) in ages.items():
        told = tell(person, key)
        read_at = None if read is None else now - timedelta(days=read)
        Notification.objects.filter(pk=told.pk).update(created_at=now - timedelta(days=age), read_at=read_at)

    forget_old_rows()

    assert set(Notification.objects.values_list("key", flat=True)) == {"just read", "never read"}


# --- The bell ---------------------------------------------------------------------------------------------------------


def test_the_number_is_asked_for_with_one_query(person, django_assert_num_queries):
    client = log_in(person)
    url = reverse("admin:notification_count")
    client.get(url)
    for number in range(30):
        tell(person, str(number))

    with django_assert_num_queries(3):  # the session, the person, the number
        page = client.get(url)

    assert ">30<" in page.content.decode()
    assert "30 unread notifications" in page.content.decode()
    assert client.get(url, {"v": "30"}).status_code == 204
    assert client.get(url, {"v": "29"}).status_code == 200


def test_above_99_the_number_stands_still(person):
    Notification.objects.bulk_create(
        Notification(user=person, kind="x", key=str(number), title="x") for number in range(120)
    )

    assert ">99+<" in log_in(person).get(reverse("admin:notification_count")).content.decode()


def test_the_box_shows_the_newest_ten(person, django_assert_num_queries):
    for number in range(12):
        tell(person, str(number), title=f"Fact {number:02}", text="<b>not bold</b>")

    client = log_in(person)
    with django_assert_num_queries(3):
        html = client.get(reverse("admin:notification_latest")).content.decode()

    assert [f"Fact {number:02}" in html for number in range(12)] == [False] * 2 + [True] * 10
    assert "<b>" not in html
    assert "Nothing to tell" not in html
    assert client.get(reverse("admin:index")).content.decode().count('id="bell-count"') == 1


def test_the_box_teaches_when_it_is_empty(person):
    assert "Nothing to tell" in log_in(person).get(reverse("admin:notification_latest")).content.decode()


def test_opening_one_marks_it_as_read_and_leads_to_its_page(person):
    told, other = tell(person, link="/admin/live/"), tell(person, "two")
    client = log_in(person)

    assert client.get(reverse("admin:notification_open", args=[told.pk])).url == "/admin/live/"
    assert client.get(reverse("admin:notification_open", args=[other.pk])).url == reverse(LIST)
    assert not Notification.objects.unread().exists()
    read_at = Notification.objects.get(pk=told.pk).read_at
    client.get(reverse("admin:notification_open", args=[told.pk]))
    assert Notification.objects.get(pk=told.pk).read_at == read_at


def test_all_are_marked_as_read_in_the_box_and_on_the_page(person, organization):
    other = make_user(organization=organization)
    client = log_in(person)
    for key, headers in (("one", {"HX-Request": "true"}), ("two", {})):
        tell(person, key)
        tell(other, key)
        answer = client.post(reverse("admin:notification_read_all"), headers=headers)
        assert answer.status_code == (200 if headers else 302)

    assert not Notification.objects.filter(user=person).unread().exists()
    assert Notification.objects.filter(user=other).unread().count() == 2
    assert client.get(reverse("admin:notification_read_all")).status_code == 405


# --- The page, and other people's notifications -----------------------------------------------------------------------


def test_the_page_lists_filters_and_marks(person, organization):
    first, second = tell(person, "first", organization=organization), tell(person, "second", link="/admin/")
    notifications.mark_read(person, first.pk)
    client = log_in(person)

    everything = client.get(reverse(LIST)).content.decode()
    unread = client.get(reverse(LIST), {"state": "unread"}).content.decode()
    found = client.get(reverse(LIST), {"q": "first"}).content.decode()
    client.post(reverse(LIST), {"action": "mark_read", "_selected_action": [second.pk]})

    assert ["About first" in everything, "About second" in everything, "Acme" in everything] == [True] * 3
    assert ["About first" in unread, "About second" in unread] == [False, True]
    assert ["About first" in found, "About second" in found] == [True, False]
    assert not Notification.objects.unread().exists()


def test_an_empty_page_teaches(person):
    assert "a workflow of yours that failed" in log_in(person).get(reverse(LIST)).content.decode()


@pytest.mark.parametrize("who", ["teammate", "stranger", "superuser"])
def test_nobody_sees_or_touches_what_others_were_told(person, organization, who):
    told = tell(person, title="Private matter", organization=organization)
    reader = {
        "teammate": lambda: make_user(organization=organization),
        "stranger": lambda: make_user(organization=make_organization()),
        "superuser": lambda: make_user(is_superuser=True),
    }[who]()
    client = log_in(reader)

    pages = [reverse(LIST), reverse("admin:notification_latest"), reverse("admin:index")]
    shown = "".join(client.get(page).content.decode() for page in pages)
    client.post(reverse("admin:notification_read_all"))
    client.post(reverse(LIST), {"action": "mark_read", "_selected_action": [told.pk]})

    assert "Private matter" not in shown
    assert client.get(reverse("admin:notification_open", args=[told.pk])).status_code == 404
    assert client.get(reverse("admin:foundation_notification_change", args=[told.pk])).status_code == 404
    assert Notification.objects.unread().count() == 1


def test_who_is_logged_out_is_taken_to_the_login_page():
    answer = Client().get(reverse("admin:notification_count"), headers={"HX-Request": "true"})

    assert "HX-Redirect" in answer.headers
