"""The console's pages of applications and deployments: who sees and does what, and what they cost."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.dateformat import format as date_format
from django.utils.timezone import localtime

from nocode.foundation.models import Role
from nocode.runtime.models import Deployment, GeneratedApp
from nocode.runtime.services import deployments
from nocode.studio.models import DataTable
from tests.factories import make_app, make_organization, make_page, make_pages, make_project, make_user
from tests.runtime.people import Team, make_team

pytestmark = pytest.mark.django_db

LIST = reverse("admin:runtime_generatedapp_changelist")
ADD = reverse("admin:runtime_generatedapp_add")


@pytest.fixture
def team() -> Team:
    return make_team()


def page_of(app: GeneratedApp) -> str:
    return reverse("admin:runtime_generatedapp_change", args=[app.pk])


def detail_of(deployment: Deployment) -> str:
    return reverse("admin:deployment_detail", args=[deployment.pk])


def failing(team: Team) -> Deployment:
    DataTable.objects.filter(project=team.app.project).delete()
    return deployments.build(deployments.deploy(team.app))


def statements_of(client, url: str, **options) -> list[str]:
    client.get(url, **options)
    with CaptureQueriesContext(connection) as asked:
        client.get(url, **options)
    return [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]


# --- the list and the form --------------------------------------------------------------------------------------------


def test_the_list_shows_status_address_and_what_is_online(team):
    content = team.client("viewer").get(LIST).content.decode()

    assert "Order desk" in content
    assert 'href="/apps/order-desk/"' in content
    assert f'href="{detail_of(team.app.current_deployment)}">#1</a>' in content
    assert "Deployed" in content


def test_a_new_application_belongs_to_the_only_project_and_leads_to_its_page(team):
    client = team.client("editor")
    project = team.app.project
    team.people["editor"].memberships.exclude(organization=team.organization).delete()

    form = client.get(ADD)
    assert form.context["adminform"].form.initial["project"] == project.pk
    answer = client.post(
        ADD, {"project": project.pk, "name": "Stock", "slug": "stock", "minimum_role": "viewer", "description": ""}
    )

    app = GeneratedApp.objects.get(slug="stock")
    assert answer.url == page_of(app)
    assert (app.created_by, app.status) == (team.people["editor"], "draft")


def test_the_address_is_proposed_from_the_name(team):
    assert "id_name" in team.client("editor").get(ADD).content.decode()
    assert team.client("editor").get(ADD).context["adminform"].prepopulated_fields[0]["field"].name == "slug"


def test_an_address_that_is_taken_anywhere_is_refused(team):
    project = team.app.project
    data = {"project": project.pk, "name": "X", "slug": "order-desk", "minimum_role": "viewer", "description": ""}

    answer = team.client("editor").post(ADD, data)

    assert answer.status_code == 200
    assert "slug" in answer.context["adminform"].form.errors


def test_only_projects_where_one_may_build_are_offered(team):
    elsewhere = make_project(make_organization())
    offered = team.client("viewer").get(ADD).context["adminform"].form.fields["project"].queryset

    assert team.app.project not in offered  # a viewer there
    assert elsewhere not in offered


def test_settings_are_saved_and_the_project_stays(team):
    other = make_project(team.organization)
    client = team.client("editor")
    form = client.get(page_of(team.app)).context["adminform"].form
    data = {"name": "Desk", "slug": "desk", "minimum_role": "editor", "description": "", "project": other.pk}

    client.post(page_of(team.app), data | {"seen_at": form.fields["seen_at"].initial})

    app = GeneratedApp.objects.get(pk=team.app.pk)
    assert (app.name, app.slug, app.minimum_role, app.project) == ("Desk", "desk", "editor", team.app.project)


def settings_form(client, app: GeneratedApp):
    return client.get(page_of(app)).context["adminform"].form


def save_settings(client, app: GeneratedApp, **changes):
    data = {"name": app.name, "slug": app.slug, "minimum_role": app.minimum_role, "description": "", **changes}
    return client.post(page_of(app), data)


@pytest.mark.parametrize(
    ("who", "offered"),
    [
        ("superuser", ["viewer", "editor", "admin", "owner"]),
        ("owner", ["viewer", "editor", "admin", "owner"]),
        ("admin", ["viewer", "editor", "admin"]),
        ("editor", ["viewer", "editor"]),
    ],
)
def test_nobody_leaves_themselves_out(team, who, offered):
    client = team.client(who)
    shown = [value for value, _label in settings_form(client, team.app).fields["minimum_role"].choices]

    taken = []
    for role in ["viewer", "editor", "admin", "owner"]:
        save_settings(client, team.app, minimum_role=role)
        taken += GeneratedApp.objects.filter(pk=team.app.pk, minimum_role=role).values_list("minimum_role", flat=True)
        GeneratedApp.objects.filter(pk=team.app.pk).update(minimum_role="viewer" if role != "viewer" else "editor")

    assert shown == offered
    assert taken == offered


def test_what_is_for_higher_roles_stays_so_when_an_editor_saves(team):
    GeneratedApp.objects.filter(pk=team.app.pk).update(minimum_role="owner")
    client = team.client("editor")
    assert settings_form(client, team.app).fields["minimum_role"].disabled

    save_settings(client, team.app, name="Renamed", minimum_role="viewer")

    app = GeneratedApp.objects.get(pk=team.app.pk)
    assert (app.name, app.minimum_role) == ("Renamed", "owner")


def test_the_history_is_no_way_around(team):
    open_to_all = team.app.history.latest()
    team.app.minimum_role = "owner"
    team.app.save()
    url = reverse("admin:runtime_generatedapp_simple_history", args=[team.app.pk, open_to_all.history_id])

    data = {"name": team.app.name, "slug": team.app.slug, "minimum_role": "viewer", "description": "back"}
    answer = team.client("editor").post(url, data)

    app = GeneratedApp.objects.get(pk=team.app.pk)
    assert (answer.status_code, app.description, app.minimum_role) == (302, "back", "owner")


def test_the_role_that_counts_is_the_one_in_the_project_that_was_chosen(team):
    """Everybody owns another organization, where they may do more."""
    data = {"project": team.app.project_id, "name": "X", "slug": "x", "minimum_role": "owner", "description": ""}

    answer = team.client("editor").post(ADD, data)

    assert "minimum_role" in answer.context["adminform"].form.errors
    assert not GeneratedApp.objects.filter(slug="x").exists()


# --- deploying --------------------------------------------------------------------------------------------------------


def test_deploying_leads_to_the_page_of_the_deployment(team):
    answer = team.client("editor").post(reverse("admin:app_deploy", args=[team.app.pk]), {"note": "Second"})

    deployment = Deployment.objects.get(number=2)
    assert answer.url == detail_of(deployment)
    assert (deployment.note, deployment.created_by) == ("Second", team.people["editor"])


@pytest.mark.parametrize("name", ["app_deploy", "app_archive", "app_restore"])
@pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("stranger", 404)])
def test_only_publishers_change_what_is_online(team, name, who, status):
    answer = team.client(who).post(reverse(f"admin:{name}", args=[team.app.pk]))

    assert (answer.status_code, Deployment.objects.count()) == (status, 1)
    assert GeneratedApp.objects.get().status == "deployed"


@pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("stranger", 404), ("editor", 302), ("owner", 302)])
def test_rolling_back_takes_the_right_to_publish(team, who, status):
    first = team.app.current_deployment
    deployments.build(deployments.deploy(team.app))

    answer = team.client(who).post(reverse("admin:deployment_roll_back", args=[first.pk]))

    team.app.refresh_from_db()
    assert answer.status_code == status
    assert team.app.current_deployment.number == (1 if status == 302 else 2)


def test_a_refusal_is_told(team):
    deployments.archive(team.app)

    answer = team.client("owner").post(reverse("admin:app_deploy", args=[team.app.pk]), follow=True)

    assert "This application is archived; restore it first." in answer.content.decode()


def test_archiving_and_restoring_from_the_page(team):
    client = team.client("owner")

    client.post(reverse("admin:app_archive", args=[team.app.pk]))
    assert team.client("viewer").get(team.address("orders")).status_code == 404
    client.post(reverse("admin:app_restore", args=[team.app.pk]))

    assert team.client("viewer").get(team.address("orders")).status_code == 200


def test_the_page_offers_only_what_the_role_allows(team):
    owner, viewer = (team.client(who).get(page_of(team.app)).content.decode() for who in ("owner", "viewer"))

    for offer in ("deploy-dialog", "archive-dialog"):
        assert offer in owner
        assert offer not in viewer
    assert "http://testserver/apps/order-desk/" in viewer


def test_an_application_that_was_never_deployed_teaches(team):
    app = make_app(team.app.project)

    assert "Not deployed yet" in team.client("owner").get(page_of(app)).content.decode()


# --- the page of a deployment -----------------------------------------------------------------------------------------


def test_the_log_and_the_outcome_are_shown(team):
    content = team.client("viewer").get(detail_of(team.app.current_deployment)).content.decode()

    assert "3 pages · 1 table · 0 workflows" in content
    assert "Open the application" in content
    assert "The first deployment" in content
    assert "data-poll=" not in content


def test_problems_lead_to_the_pages_they_are_on(team):
    content = team.client("editor").get(detail_of(failing(team))).content.decode()

    page = team.app.project.pages.get(slug="orders")
    assert reverse("admin:studio_page_change", args=[page.pk]) in content
    assert "This project has no such table" in content


def test_any_two_deployments_are_compared(team):
    make_page(team.app.project, "News")
    deployments.build(deployments.deploy(team.app))
    make_page(team.app.project, "Jobs")
    third = deployments.build(deployments.deploy(team.app))
    client = team.client("viewer")

    before, first = client.get(detail_of(third)), client.get(detail_of(third), {"with": "1"})

    assert [change.name for change in before.context["changes"]] == ["Jobs"]
    assert sorted(change.name for change in first.context["changes"]) == ["Jobs", "News"]
    assert client.get(detail_of(third), {"with": "x"}).context["before"].number == 2


def test_a_poll_answers_what_is_new_and_stops_at_the_end(team):
    deployment = deployments.deploy(team.app)
    client = team.client("viewer")
    address = client.get(detail_of(deployment)).context["poll_url"]

    assert client.get(address, headers={"HX-Request": "true"}).status_code == 204

    deployments.build(deployment)
    last = client.get(address, headers={"HX-Request": "true"})
    assert last.status_code == 286
    assert b"Open the application" in last.content
    assert b"data-poll" not in last.content


def test_polls_are_cheap(team):
    deployment = deployments.deploy(team.app)
    client = team.client("viewer")
    unchanged = client.get(detail_of(deployment)).context["poll_url"]
    panel = reverse("admin:deployment_panel", args=[deployment.pk])

    assert len(statements_of(client, unchanged)) == 3  # session, person, deployment
    assert len(statements_of(client, panel)) == 4  # and the log


def test_polls_are_for_members(team):
    panel = reverse("admin:deployment_panel", args=[team.app.current_deployment_id])

    assert team.client("stranger").get(panel).status_code == 404


@pytest.mark.parametrize("of", ["list", "app", "deployments"])
def test_pages_cost_the_same_with_one_row_and_with_thirty(team, of):
    urls = {"list": LIST, "app": page_of(team.app), "deployments": reverse("admin:runtime_deployment_changelist")}
    client = team.client("owner")
    few = statements_of(client, urls[of])
    for number in range(2, 31):
        make_app(team.app.project)
        Deployment.objects.create(app=team.app, number=number, status="superseded")

    many = statements_of(client, urls[of])

    assert len(many) <= len(few) <= 10, "\n".join(few)


def test_a_failed_deployment_is_a_concern_of_its_people(team):
    deployment = failing(team)

    seen = {who: team.client(who).get(reverse("admin:index")).content.decode() for who in (*Role.values, "stranger")}

    for who, content in seen.items():
        assert ("The deployment of “Order desk” failed" in content) == (who != "stranger")
        assert (detail_of(deployment) in content) == (who != "stranger")


def test_applications_are_found_in_the_palette(team):
    answer = team.client("viewer").get(reverse("admin:search"), {"s": "order desk", "extended": 1})

    assert page_of(team.app) in answer.content.decode()


def test_a_new_application_gets_its_address_from_its_name(team):
    client = team.client("editor")
    page = {"project": team.app.project_id, "name": "Order desk", "slug": "", "minimum_role": "viewer"}

    for _again in range(2):
        client.post(reverse("admin:runtime_generatedapp_add"), page)
    client.post(reverse("admin:runtime_generatedapp_add"), {**page, "name": "订单"})
    client.post(reverse("admin:runtime_generatedapp_add"), {**page, "name": "Chosen", "slug": "mine"})

    made = GeneratedApp.objects.exclude(pk=team.app.pk).order_by("pk").values_list("slug", flat=True)
    assert list(made) == ["order-desk-2", "order-desk-3", "app", "mine"]


def test_a_deployment_after_a_roll_back_is_compared_with_what_was_online(team):
    first = team.app.current_deployment
    make_page(team.app.project, "News")
    second = deployments.build(deployments.deploy(team.app))
    deployments.roll_back(team.app, first)
    third = deployments.build(deployments.deploy(team.app))
    client = team.client("viewer")

    shown = {each.number: client.get(detail_of(each)).context["before"] for each in (first, second, third)}

    assert shown == {1: None, 2: first, 3: first}


def test_online_since_is_when_it_was_put_online_again(team):
    first = team.app.current_deployment
    deployments.build(deployments.deploy(team.app))
    app = deployments.roll_back(team.app, first)

    content = team.client("viewer").get(page_of(app)).content.decode()

    facts = content.split("Online since")[1].split("</dd>")[0]
    assert f'datetime="{date_format(localtime(app.online_since), "c")}"' in facts
    assert app.online_since > first.finished_at


def test_the_page_of_a_project_leads_from_its_pages_to_an_application(client):
    _table, [page, *_others] = make_pages()
    project = page.project
    address = reverse("admin:studio_project_change", args=[project.pk])
    client.force_login(make_user(organization=project.organization))

    way = f"{reverse('admin:runtime_generatedapp_add')}?project={project.pk}"
    assert f'href="{way}"' in client.get(address).content.decode()
    app = make_app(project, name="Desk")

    shown = client.get(address).content.decode()
    assert f'href="{way}"' not in shown
    assert reverse("admin:runtime_generatedapp_change", args=[app.pk]) in shown
    client.force_login(make_user(organization=project.organization, role=Role.VIEWER))
    app.delete()
    assert f'href="{way}"' not in client.get(address).content.decode()
