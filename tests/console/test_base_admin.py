"""What every model page of the console promises."""

import pytest
from django.contrib import admin, messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import PermissionDenied
from django.db.models import ForeignKey, ManyToManyField
from django.http import Http404
from django.urls import reverse

from nocode.automation.models import Workflow
from nocode.automation.services import workflows
from nocode.foundation.admin.actions import object_action
from nocode.foundation.admin.base import ConsoleAdmin, HistoryAdmin
from nocode.foundation.admin.filters import VisibleRelatedFilter
from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import Membership, Organization, Role
from nocode.foundation.pages import tell
from nocode.settings.unfold import MENU
from tests import factories
from tests.console.conftest import log_in

pytestmark = pytest.mark.django_db


class WorkflowPages(ConsoleAdmin):
    """A page for these tests; the site's own may differ."""

    fields = ["organization", "project", "name"]
    actions_detail = ["begin"]

    @object_action("run", label="Begin")
    def begin(self, request, workflow, form):
        workflow.description = "begun"
        workflow.save()


@pytest.fixture
def pages():
    return WorkflowPages(Workflow, admin.site)


@pytest.fixture
def request_by(rf):
    """A request of a person, to call admin methods with."""

    def make(user, method="get", **data):
        request = getattr(rf, method)("/", data)
        request.user, request.session, request.htmx = user, {}, _NoHtmx()
        request._messages = FallbackStorage(request)
        return request

    return make


class _NoHtmx:
    current_url_abs_path = None

    def __bool__(self):
        return False


def test_lists_hold_what_is_visible(pages, request_by):
    mine = factories.make_workflow()
    factories.make_workflow()
    person = factories.make_user(organization=mine.organization, role=Role.VIEWER)

    assert list(pages.get_queryset(request_by(person))) == [mine]


@pytest.mark.parametrize("as_what", [lambda obj: obj, lambda obj: str(obj.pk)], ids=["model", "id"])
def test_permissions_follow_the_role_in_the_objects_organization(pages, request_by, as_what):
    edits, watches = factories.make_workflow(), factories.make_workflow()
    person = factories.make_user(organization=edits.organization, role=Role.EDITOR)
    Membership.objects.create(organization=watches.organization, user=person, role=Role.VIEWER)
    request = request_by(person)

    assert pages.has_run_permission(request, as_what(edits)) is True
    assert pages.has_publish_permission(request, as_what(edits)) is True
    assert pages.has_delete_permission(request, as_what(edits)) is False
    assert pages.has_run_permission(request, as_what(watches)) is False
    assert pages.has_view_permission(request, as_what(watches)) is True
    assert pages.has_run_permission(request, None) is True


def test_permissions_on_a_foreign_object_are_refused(pages, request_by):
    request = request_by(factories.make_user(organization=factories.make_organization()))
    foreign = factories.make_workflow()

    assert pages.has_view_permission(request, foreign) is False
    assert pages.has_view_permission(request, str(foreign.pk)) is False
    with pytest.raises(Http404):
        pages.get_object(request, str(foreign.pk))


def test_a_search_looks_for_a_few_words_only(pages, request_by):
    pages.search_fields = ["name"]
    words = " ".join(f"word-{number}" for number in range(1000))

    found, _may_repeat = pages.get_search_results(request_by(None), Workflow.objects.all(), words)

    assert [f"word-{number}" in str(found.query) for number in (0, 9, 10, 999)] == [True, True, False, False]


@pytest.mark.parametrize("nonsense", ["nothing", "0", "' OR 1=1"])
def test_an_id_that_is_none_is_not_found(pages, request_by, nonsense):
    request = request_by(factories.make_user(organization=factories.make_organization()))

    with pytest.raises(Http404):
        pages.get_object(request, nonsense)


def test_the_only_organization_is_hidden_and_filled(pages, request_by):
    organization = factories.make_organization()
    request = request_by(factories.make_user(organization=organization))
    other = factories.make_organization()

    form = pages.get_form(request)({"name": "New", "organization": str(other.pk)})

    assert form.fields["organization"].widget.is_hidden
    assert form.is_valid(), form.errors
    assert form.save().organization == organization


def test_organizations_where_the_role_only_reads_are_no_choice(pages, request_by):
    builds, watches, foreign = (factories.make_organization() for _each in range(3))
    person = factories.make_user(organization=builds)
    second = factories.make_organization()
    Membership.objects.create(organization=second, user=person, role=Role.EDITOR)
    Membership.objects.create(organization=watches, user=person, role=Role.VIEWER)

    field = pages.get_form(request_by(person))().fields["organization"]

    assert set(field.queryset) == {builds, second}
    assert foreign not in field.queryset


def test_what_exists_stays_in_its_organization(pages, request_by):
    workflow = factories.make_workflow()
    request = request_by(factories.make_user(organization=workflow.organization))

    assert "organization" in pages.get_readonly_fields(request, workflow)


def test_foreign_rows_cannot_be_chosen(pages, request_by):
    organization = factories.make_organization()
    mine, foreign = factories.make_project(organization), factories.make_project()
    request = request_by(factories.make_user(organization=organization))

    form = pages.get_form(request)({"name": "New", "project": str(foreign.pk)})

    assert list(form.fields["project"].queryset) == [mine]
    assert not form.is_valid()
    assert "project" in form.errors


def test_rows_of_two_organizations_are_not_joined(pages, request_by):
    one, two = factories.make_organization(), factories.make_organization()
    person = factories.make_user(organization=one)
    Membership.objects.create(organization=two, user=person, role=Role.OWNER)
    project = factories.make_project(two)

    form = pages.get_form(request_by(person))({"name": "New", "organization": one.pk, "project": project.pk})

    assert form.errors["__all__"] == ["Everything chosen here must belong to the same organization."]


class Refused(NoCodeError):
    """It is too late for that."""


def _refuse(*args):
    raise Refused()


def _told(request) -> list[tuple[int, str]]:
    return [(each.level, str(each)) for each in messages.get_messages(request)]


def test_tell_reports_success_with_the_result(request_by):
    request = request_by(None)

    result = tell(request, len, "abc", done=lambda length: f"{length} letters")

    assert result == 3
    assert _told(request) == [(messages.SUCCESS, "3 letters")]


def test_tell_turns_a_refusal_into_a_red_message(request_by):
    request = request_by(None)

    assert tell(request, _refuse, done="never") is None
    assert _told(request) == [(messages.ERROR, "It is too late for that.")]


def test_tell_lets_a_defect_through(request_by):
    with pytest.raises(ZeroDivisionError):
        tell(request_by(None), lambda: 1 / 0, done="never")


def test_bulk_actions_leave_out_rows_the_role_does_not_reach(pages, request_by):
    builds, watches = factories.make_workflow(), factories.make_workflow()
    person = factories.make_user(organization=builds.organization)
    Membership.objects.create(organization=watches.organization, user=person, role=Role.VIEWER)
    request, reached = request_by(person, "post"), []

    def start(modeladmin, request, queryset):
        reached.extend(queryset)

    start.allowed_permissions = ["run"]
    pages._limited(start)(pages, request, pages.get_queryset(request))

    assert reached == [builds]
    assert _told(request) == [(messages.WARNING, "1 row was left out: your role does not allow this there.")]


def test_bulk_delete_reaches_only_what_the_role_may_delete(request_by):
    organization = factories.make_organization("Mine")
    watched = factories.make_organization("Watched")
    person = factories.make_user(organization=organization)
    Membership.objects.create(organization=watched, user=person, role=Role.VIEWER)
    data = {"action": "delete_selected", "_selected_action": [organization.pk, watched.pk], "post": "yes"}

    log_in(person).post(reverse("admin:foundation_organization_changelist"), data)

    assert list(Organization.objects.values_list("name", flat=True)) == ["Watched"]


def test_an_action_runs_only_by_post(pages, request_by):
    workflow = factories.make_workflow()
    person = factories.make_user(organization=workflow.organization, role=Role.EDITOR)

    dialog = pages.begin(request_by(person), object_id=str(workflow.pk))
    workflow.refresh_from_db()
    assert b'method="post"' in dialog.content
    assert workflow.description == ""

    answer = pages.begin(request_by(person, "post", _form_submitted="True"), object_id=str(workflow.pk))
    workflow.refresh_from_db()
    assert answer.headers["HX-Redirect"] == reverse("admin:automation_workflow_changelist")
    assert workflow.description == "begun"


def test_an_action_asks_for_the_role_on_the_object(pages, request_by):
    workflow = factories.make_workflow()
    viewer = factories.make_user(organization=workflow.organization, role=Role.VIEWER)
    Membership.objects.create(organization=factories.make_organization(), user=viewer, role=Role.OWNER)
    stranger = factories.make_user(organization=factories.make_organization())

    for method in ("get", "post"):
        with pytest.raises(PermissionDenied):
            pages.begin(request_by(viewer, method, _form_submitted="True"), object_id=str(workflow.pk))
        with pytest.raises(Http404):
            pages.begin(request_by(stranger, method, _form_submitted="True"), object_id=str(workflow.pk))


def test_a_reader_cannot_go_back_to_an_old_version():
    organization = factories.make_organization("Before")
    viewer = factories.make_user(organization=organization, role=Role.VIEWER)
    organization.name = "After"
    organization.save()
    first = organization.history.earliest()
    url = reverse("admin:foundation_organization_simple_history", args=[organization.pk, first.pk])

    assert log_in(viewer).get(url).status_code == 200
    assert log_in(viewer).post(url, {}).status_code == 403
    organization.refresh_from_db()
    assert organization.name == "After"


def test_going_back_to_an_old_version_restores_what_its_form_shows():
    organization = factories.make_organization()
    workflow = factories.make_published(("first", "set", {}), organization=organization, name="Old name")
    draft = workflow.history.order_by("history_id").first()
    workflow.name = "New name"
    workflow.save()
    workflows.archive(workflow)
    client = log_in(factories.make_user(organization=organization))

    client.post(
        reverse("admin:automation_workflow_simple_history", args=[workflow.pk, draft.pk]),
        {"name": "Old name", "timeout": 3600, "variables": "{}"},
    )

    again = Workflow.objects.get(pk=workflow.pk)
    assert again.name == "Old name"
    assert again.status == Workflow.Status.ARCHIVED
    assert again.published_version == workflow.published_version


def test_going_back_to_settings_that_make_no_sense_is_refused():
    organization = factories.make_organization()
    trigger = factories.make_trigger(factories.make_workflow(organization), "schedule")
    client = log_in(factories.make_user(organization=organization))

    response = client.post(
        reverse("admin:automation_trigger_simple_history", args=[trigger.pk, trigger.history.latest().pk]),
        {"name": "Renamed", "config": '{"rubbish": 1}'},
        follow=True,
    )

    assert [message.level for message in response.context["messages"]] == [messages.ERROR]
    trigger.refresh_from_db()
    assert (trigger.name, trigger.config) == ("schedule trigger", {})


def test_a_form_writes_only_what_it_shows(pages, request_by):
    """What somebody else wrote between reading and writing stays."""
    organization = factories.make_organization()
    workflow = factories.make_workflow(organization, name="Before")
    request = request_by(factories.make_user(organization=organization), "post", name="After")
    form = pages.get_form(request, workflow)(request.POST, instance=workflow)
    Workflow.objects.filter(pk=workflow.pk).update(status=Workflow.Status.ARCHIVED)

    pages.save_model(request, pages.save_form(request, form, change=True), form, change=True)

    workflow.refresh_from_db()
    assert (workflow.name, workflow.status) == ("After", Workflow.Status.ARCHIVED)


def test_the_history_of_a_foreign_object_does_not_exist():
    organization = factories.make_organization()
    stranger = log_in(factories.make_user(organization=factories.make_organization()))
    version = organization.history.latest()

    for name, args in [("history", []), ("simple_history", [version.pk])]:
        url = reverse(f"admin:foundation_organization_{name}", args=[organization.pk, *args])
        assert stranger.get(url).status_code == 404


# --- Rules for every page of the site ---------------------------------------------------------------------------------

OURS = [each for each in admin.site._registry.values() if isinstance(each, ConsoleAdmin)]
ids = pytest.mark.parametrize("page", OURS, ids=lambda page: page.model.__name__)


def test_every_page_is_one_of_ours():
    assert set(admin.site._registry.values()) == set(OURS)


@ids
def test_every_button_has_a_permission_and_a_dialog(page):
    for kind in ("list", "row", "detail", "submit_line"):
        for each in getattr(page, f"_get_base_actions_{kind}")():
            assert each.method.allowed_permissions, f"{each.action_name} has no permission"
            assert each.dialog or kind == "submit_line", f"{each.action_name} would run on GET"


@ids
def test_every_bulk_action_has_a_permission(page):
    for function, name, _description in page._get_base_actions():
        assert getattr(function, "allowed_permissions", None), f"{name} has no permission"


@ids
def test_filters_by_related_objects_offer_only_visible_ones(page):
    relations = {field.name for field in page.opts.fields if isinstance(field, ForeignKey | ManyToManyField)}
    for each in page.list_filter:
        name, kind = each if isinstance(each, list | tuple) else (each, None)
        if isinstance(name, str) and name.split("__")[0] in relations:
            assert issubclass(kind or object, VisibleRelatedFilter), f"the filter {name} shows foreign names"


@ids
def test_models_with_history_show_it(page):
    has_history = hasattr(page.model, "history")
    assert isinstance(page, HistoryAdmin) == has_history


IN_THE_MENU = {name for _group, entries in MENU for _title, _icon, name, _who in entries}


@ids
def test_every_empty_list_of_the_menu_explains_itself(page):
    if f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist" in IN_THE_MENU:
        assert page.empty_text


LISTS = ["automation_workflow", "automation_workflowexecution", "insights_useractivity"]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("query", ["status=%00", "id=%00", "created_at__year=0", "created_at_from_0=%00"])
def test_values_no_column_can_have_lead_to_the_whole_list(name, query):
    url = reverse(f"admin:{name}_changelist")
    client = log_in(factories.make_user(organization=factories.make_organization()))

    answer = client.get(f"{url}?{query}")

    assert (answer.status_code, answer["Location"]) == (302, f"{url}?e=1")
    assert client.get(answer["Location"]).status_code == 200
