"""The list of activities: what it says, to whom, how it is filtered, and as a file."""

import csv
import io
import json
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from nocode.foundation import words
from nocode.foundation.browsers import short_name
from nocode.foundation.ids import first_id_at
from nocode.foundation.models import Membership, Role
from nocode.insights.actions import ACTIONS, GROUPS, actions_of, sentence
from nocode.insights.models import UserActivity
from nocode.insights.searching import install_index, search
from nocode.studio.schema.functions import has_trigrams
from tests import factories
from tests.fixtures.missing import missing
from tests.insights.history import id_at, make_activity

pytestmark = pytest.mark.django_db

LIST = reverse("admin:insights_useractivity_changelist")
CSV, JSON = LIST + "export.csv", LIST + "export.json"


@pytest.fixture
def organization():
    return factories.make_organization("Acme")


@pytest.fixture
def owner(organization):
    return factories.make_user("owner@example.com", organization=organization, name="Ada Owner")


@pytest.fixture
def project(organization):
    made = factories.make_project(organization, "Shop")
    UserActivity.objects.all().delete()
    return made


def logged_in(user) -> Client:
    before = first_id_at(timezone.now())
    client = Client()
    client.force_login(user)
    UserActivity.objects.filter(action="user.login", pk__gte=before).delete()
    return client


def about(project, user, **fields) -> UserActivity:
    target = {"target_type": "studio.project", "target_id": str(project.pk), "target_label": project.name}
    return make_activity(project.organization, user, **{"action": "project.updated", **target, **fields})


def text(response) -> str:
    return " ".join(response.getvalue().decode().split())


def rows_of(response) -> list[dict]:
    return list(csv.DictReader(io.StringIO(response.getvalue().decode("utf-8-sig"))))


# --- What it says -----------------------------------------------------------------------------------------------------
def test_an_activity_is_told_in_words_and_leads_to_its_object(owner, project):
    about(project, owner, ip="192.0.2.7", user_agent="Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0")

    page = text(logged_in(owner).get(LIST))

    assert "Ada Owner" in page
    assert "changed the project" in page
    assert reverse("admin:studio_project_change", args=[project.pk]) in page
    assert "192.0.2.7" in page
    assert "Firefox 140 · Linux" in page


def test_what_is_gone_keeps_its_name_and_loses_its_link(owner, project):
    about(project, factories.make_user("gone@example.com"))
    url = reverse("admin:studio_project_change", args=[project.pk])
    UserActivity.objects.get().user.delete()
    project.delete()

    page = text(logged_in(owner).get(f"{LIST}?q=gone@"))

    assert "gone@example.com" in page
    assert "Shop" in page
    assert url not in page


def test_odd_activities_can_be_shown(owner, organization, project):
    odd = [("no.such", "a b"), ("studio.project", "not-a-uuid"), ("", ""), ("studio.project", "")]
    for kind, pk in odd:
        make_activity(organization, None, action="thing.done", target_type=kind, target_id=pk, target_label="<b>x</b>")
    client = logged_in(owner)

    page = text(client.get(LIST))

    assert page.count("thing.done") == 4
    assert "<b>x</b>" not in page
    assert "System" in page
    activity = UserActivity.objects.first()
    assert "thing.done" in text(client.get(reverse("admin:insights_useractivity_change", args=[activity.pk])))


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_reads_well_with_and_without_a_name(action):
    assert [group for group in GROUPS if action in actions_of(group)]
    for name in ("X%s", ""):
        words = sentence(action, name)
        assert "%(" not in words
        assert words == words.strip()


@pytest.mark.parametrize(
    ("user_agent", "shown"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/139.0.0.0 Safari/537.36", "Chrome 139 · Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/139.0 Safari/537.36 Edg/139.0", "Edge 139 · Windows"),
        ("Mozilla/5.0 (iPhone; like Mac OS X) Version/18.5 Mobile/15E148 Safari/604.1", "Safari 18 · iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.5 Safari/605.1.15", "Safari 18 · macOS"),
        ("Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox 140 · Android"),
        ("curl/8.5.0", "curl"),
        ("", ""),
        ("x" * 300, "x" * 30),
    ],
)  # fmt: skip
def test_browsers_are_named_shortly(user_agent, shown):
    assert short_name(user_agent) == shown


# --- To whom ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("url", [LIST, CSV, JSON])
def test_activities_are_for_members(url, owner, project):
    teammate = factories.make_user("mate@example.com", organization=project.organization, role="viewer")
    stranger = factories.make_user("stranger@example.com", organization=factories.make_organization())
    about(project, owner, target_label="Zebrafish")

    seen = {person.email: "Zebrafish" in text(logged_in(person).get(url)) for person in (owner, teammate, stranger)}

    assert seen == {"owner@example.com": True, "mate@example.com": True, "stranger@example.com": False}
    assert Client().get(url).status_code == 302


def test_people_in_no_organization_may_not_look(project):
    homeless = factories.make_user("homeless@example.com")

    assert [logged_in(homeless).get(url).status_code for url in (LIST, CSV, JSON)] == [403, 403, 403]


# --- Filters ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def many(owner, project):
    """Activities of two people, of different kinds, on different days."""
    bob = factories.make_user("bob@example.com", organization=project.organization, name="Bob Builder")
    noon = datetime(2026, 5, 4, 12, tzinfo=UTC)
    make_activity(project.organization, owner, noon, action="user.login", request_id="request-1")
    about(project, bob, moment=noon + timedelta(days=1))
    about(project, bob, moment=noon + timedelta(days=2), action="app.deployed", target_label="Front")
    return bob


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ("", ["app.deployed", "project.updated", "user.login"]),
        ("group=logins", ["user.login"]),
        ("group=apps", ["app.deployed"]),
        ("group=nonsense", ["app.deployed", "project.updated", "user.login"]),
        ("user__id__exact={bob}", ["app.deployed", "project.updated"]),
        ("created_at_from=2026-05-05", ["app.deployed", "project.updated"]),
        ("created_at_to=2026-05-05", ["project.updated", "user.login"]),
        ("created_at_from=2026-05-05&created_at_to=2026-05-05", ["project.updated"]),
        ("created_at_from=nonsense", ["app.deployed", "project.updated", "user.login"]),
        ("created_at_from=0001-01-01", ["app.deployed", "project.updated", "user.login"]),
        ("created_at_to=1969-12-30", []),
        ("q=builder", ["app.deployed", "project.updated"]),
        ("q=bob front", ["app.deployed"]),
        ("q=request-1", ["user.login"]),
        ("q=OWNER@", ["user.login"]),
        ("q=%00", ["app.deployed", "project.updated", "user.login"]),
        ("q=nothing", []),
    ],
)
def test_filters_limit_the_list_and_the_files(owner, many, query, actions):
    query = query.format(bob=many.pk)
    client = logged_in(owner)

    listed = client.get(f"{LIST}?{query}").context["cl"].result_list
    from_csv = rows_of(client.get(f"{CSV}?{query}"))
    from_json = json.loads(client.get(f"{JSON}?{query}").getvalue())

    assert [each.action for each in listed] == actions
    assert [each["action"] for each in from_csv] == actions
    assert [each["action"] for each in from_json if each["action"] != "activity.exported"] == actions


def test_a_thousand_words_are_not_all_looked_for(owner):
    client = logged_in(owner)

    with CaptureQueriesContext(connection) as queries:
        client.get(LIST, {"q": " ".join(f"word-{number}" for number in range(1000))})

    assert any("word-9" in query["sql"] for query in queries)
    assert not any("word-10%" in query["sql"] for query in queries)


def test_days_are_those_of_the_time_zone(settings, owner, project):
    settings.TIME_ZONE = "America/New_York"
    about(project, owner, moment=datetime(2026, 11, 2, 4, 59, 59, tzinfo=UTC))  # 23:59:59 on 1 November there
    about(project, owner, moment=datetime(2026, 11, 2, 5, 0, 0, tzinfo=UTC))

    listed = logged_in(owner).get(f"{LIST}?created_at_to=2026-11-01").context["cl"].result_list

    assert [each.created_at.minute for each in listed] == [59]


def test_days_are_read_in_the_language_of_the_person(owner, many):
    client = logged_in(owner)
    client.cookies["django_language"] = "fr"

    listed = client.get(f"{LIST}?created_at_from=05/05/2026").context["cl"].result_list

    assert len(listed) == 2
    translation.activate("en")


# --- Files ------------------------------------------------------------------------------------------------------------
def test_a_file_holds_no_formula(owner, project):
    about(
        project,
        owner,
        target_label='=HYPERLINK("http://192.0.2.1","click")',
        user_agent="+1+1",
        user_label="@SUM(A1)",
        request_id="-2",
    )

    [row] = rows_of(logged_in(owner).get(CSV))

    assert row["object"] == '\'=HYPERLINK("http://192.0.2.1","click")'
    assert (row["browser"], row["person"], row["request"]) == ("'+1+1", "'@SUM(A1)", "'-2")


def test_a_file_is_an_activity_itself(owner, many):
    client = logged_in(owner)

    client.get(f"{CSV}?group=logins").getvalue()

    [export] = UserActivity.objects.filter(action="activity.exported")
    assert (export.user, export.organization) == (owner, owner.organizations.get())
    assert export.details == {"format": "csv", "filters": ["group"]}
    assert "exported activities" in text(client.get(LIST))


def test_a_file_does_not_tell_one_organization_what_was_looked_for_in_another(owner, project):
    other = factories.make_organization("Other")
    Membership.objects.create(organization=other, user=owner, role=Role.VIEWER)

    logged_in(owner).get(CSV, {"q": project.name}).getvalue()

    exports = UserActivity.objects.filter(action="activity.exported")
    assert {each.organization for each in exports} == {project.organization, other}
    assert [each.details for each in exports] == [{"format": "csv", "filters": ["q"]}] * 2


def test_large_files_are_sent_as_they_are_read(owner, project, django_assert_max_num_queries):
    start = timezone.now() - timedelta(days=1)
    wide = {"note": "y" * 500}
    UserActivity.objects.bulk_create(
        UserActivity(
            id=id_at(start + timedelta(milliseconds=number)),
            organization=project.organization,
            action="thing.done",
            details=wide,
        )
        for number in range(20_000)
    )
    client = logged_in(owner)

    with django_assert_max_num_queries(12):
        response = client.get(CSV)
        tracemalloc.start()
        size = sum(len(part) for part in response.streaming_content)
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert size > 10_000_000
    assert peak < size / 2


# --- Cost -------------------------------------------------------------------------------------------------------------
def test_the_list_costs_ten_queries_at_most(owner, project, django_assert_max_num_queries):
    for kind, target in [("studio.project", project), ("foundation.organization", project.organization)]:
        make_activity(project.organization, owner, target_type=kind, target_id=str(target.pk), target_label="x")
    client = logged_in(owner)
    client.get(LIST)

    with django_assert_max_num_queries(10) as few:
        client.get(LIST)
    for number in range(30):
        member = factories.make_user(f"member{number}@example.com", organization=project.organization)
        about(project, member)
    with django_assert_max_num_queries(len(few)):
        client.get(LIST)


@pytest.mark.parametrize("rows", [1, 30])
@pytest.mark.parametrize(
    "query",
    ["group=projects", "user__id__exact={bob}", "created_at_from=2026-05-05", "q=shop", "q=bob b u i l d e r", "p=2"],
)
def test_no_filter_nor_page_costs_more_than_ten_queries(owner, many, project, query, rows):
    for number in range(rows):
        member = factories.make_user(f"member{number}@example.com", organization=project.organization)
        about(project, member)
    client = logged_in(owner)

    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"{LIST}?{query.format(bob=many.pk)}").status_code == 200

    assert len(queries) <= 10


def test_words_are_found_through_an_index_where_the_database_can(owner, many):
    if not has_trigrams():
        missing("The database has no pg_trgm.")
    found = search(owner, UserActivity.objects.order_by("-pk"), ["bob", "front"])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")

    plan = found.explain()

    assert "activity_words" in plan
    assert "Seq Scan on insights_useractivity" not in plan


def test_a_search_knows_the_people_of_my_organizations_only(owner, organization, project):
    stranger = factories.make_user("zed@example.com", organization=factories.make_organization(), name="Common Name")
    about(project, stranger)  # has left
    about(project, factories.make_user("yan@example.com", organization=organization, name="Common Name"))
    activities = UserActivity.objects.filter(organization=organization)

    def found(user, word: str) -> set[str]:
        return set(search(user, activities, [word]).values_list("user_label", flat=True))

    assert found(owner, "common") == {"yan@example.com"}
    assert found(owner, "zed@") == {"zed@example.com"}
    assert found(factories.make_user(is_superuser=True), "common") == {"yan@example.com", "zed@example.com"}


def test_a_word_of_very_many_people_finds_them_without_their_ids(owner, organization, project, monkeypatch):
    for number in range(3):
        member = factories.make_user(f"m{number}@example.com", organization=organization, name=f"Common {number}")
        about(project, member)
    activities = UserActivity.objects.filter(organization=organization, user_label__startswith="m")
    few = search(owner, activities, ["common", "1"])
    monkeypatch.setattr(words, "MOST_IDS", 2)

    many = search(owner, activities, ["common", "1"])

    assert [each.user_label for each in many] == [each.user_label for each in few] == ["m1@example.com"]
    assert "foundation_membership" in str(many.query)
    assert "foundation_membership" not in str(few.query)


def test_the_index_is_not_asked_for_before_its_table_is_there():
    """As when only one app is migrated on a new database."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE insights_useractivity RENAME TO elsewhere; DROP INDEX IF EXISTS activity_words")
        install_index("default")
        cursor.execute("ALTER TABLE elsewhere RENAME TO insights_useractivity")
    install_index("default")
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('activity_words') IS NOT NULL")
        assert cursor.fetchone() == (has_trigrams(),)


def test_ids_divide_time_without_gaps():
    noon = datetime(2026, 5, 4, 12, tzinfo=UTC)

    assert first_id_at(noon) < id_at(noon) < first_id_at(noon + timedelta(milliseconds=1))
