"""The pages and jobs of whole projects: who may, what happens, and what is left when nothing comes of it."""

from unittest.mock import ANY

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from nocode.foundation.models import Role
from nocode.studio.jobs.base import JobCancelled, Progress
from nocode.studio.meters import Storage
from nocode.studio.models import DataTable, Project, StoredFile, TableJob
from nocode.studio.services import files, jobs
from nocode.studio.tasks import run_table_job
from nocode.studio.transfer import starting
from nocode.studio.transfer.format import MANIFEST
from nocode.studio.transfer.writing import Contents
from tests.factories import make_organization, make_plan, make_subscription, make_user
from tests.studio.transfer import exported, make_shop, packed, rows_of, table_of, unpacked

State = TableJob.State
PEOPLE = (
    '{"format": "nocode.project", "version": 1, "name": "People", "tables": [{"key": "people", "label": "People", '
    '"fields": [{"key": "age", "label": "Age", "kind": "integer"}]}]}'
)


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def run(job: TableJob) -> TableJob:
    run_table_job(str(job.pk))
    return TableJob.objects.get(pk=job.pk)


def newest() -> TableJob:
    return TableJob.objects.order_by("-id").first()


def upload(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("shop.nocode.zip", content, "application/zip")


@pytest.fixture
def shop() -> Project:
    return make_shop()


@pytest.fixture
def owner(shop):
    return make_user(organization=shop.organization)


# --- export


@pytest.mark.django_db
def test_an_export_is_made_by_a_job_and_downloaded_from_its_page(shop, owner):
    client = client_of(owner)

    client.post(reverse("admin:studio_project_export", args=[shop.pk]), {"rows": "on", "files": "on"})
    job = run(newest())
    page = client.get(reverse("admin:studio_job", args=[job.pk])).content.decode()
    content = b"".join(client.get(reverse("admin:studio_job_file", args=[job.pk])).streaming_content)

    assert (job.state, job.result) == (State.DONE, {"bytes": len(content)})
    assert "Download Shop.nocode.zip" in page
    assert set(unpacked(content)) == {MANIFEST, "rows/customers.csv", "rows/orders.csv"}


@pytest.mark.django_db
def test_an_export_without_rows_holds_the_structure_only(shop, owner):
    client_of(owner).post(reverse("admin:studio_project_export", args=[shop.pk]), {"files": "on"})

    job = run(newest())

    assert set(unpacked(b"".join(files.iterate(job.output)))) == {MANIFEST}


@pytest.mark.django_db
def test_a_person_who_may_read_has_few_files_made_at_once(shop, owner):
    client, address = client_of(owner), reverse("admin:studio_project_export", args=[shop.pk])

    answers = [client.post(address, follow=True).content.decode() for _ in range(5)]
    told = "3 of your exports are still being made"

    assert TableJob.objects.count() == 3
    assert [told in answer for answer in answers] == [False, False, False, True, True]
    jobs.cancel(newest())
    assert told not in client.post(address, follow=True).content.decode()


@pytest.mark.django_db
def test_an_export_that_is_stopped_while_it_writes_leaves_no_file(shop, owner, monkeypatch):
    job = starting.export(shop, Contents(rows=True), owner)

    def stop(progress: Progress, done: int, total: int | None = None) -> None:
        raise JobCancelled("It was stopped.")

    monkeypatch.setattr(Progress, "tell", stop)
    before = StoredFile.objects.count()

    job = run(job)

    assert (job.state, job.output_id) == (State.CANCELLED, None)
    assert StoredFile.objects.count() == before
    assert rows_of(shop, "Customers")  # the connection is as usable as before


# --- from a file


@pytest.mark.django_db
def test_a_file_becomes_a_project(shop, owner):
    client = client_of(owner)

    client.post(reverse("admin:studio_project_file"), {"file": upload(exported(shop)), "rows": "on"})
    job = run(newest())
    page = client.get(reverse("admin:studio_job", args=[job.pk])).content.decode()

    assert (job.state, job.error) == (State.DONE, "")
    assert job.result == {"tables": 2, "rows": 4, "strangers": 0, "missing": 0}
    assert job.project.name == "Shop (2)"
    assert rows_of(job.project, "Customers") == rows_of(shop, "Customers")
    assert reverse("admin:studio_project_change", args=[job.project_id]) in page


@pytest.mark.django_db
def test_a_file_with_mistakes_is_told_of_at_once_and_makes_nothing(owner):
    client, before = client_of(owner), Project.everything.count()
    content = packed({MANIFEST: PEOPLE.replace("integer", "colour")})

    answer = client.post(reverse("admin:studio_project_file"), {"file": upload(content), "name": "<b>"})

    assert answer.status_code == 422
    assert "tables[0].fields[0].kind: There is no type “colour”." in answer.content.decode()
    assert 'value="&lt;b&gt;"' in answer.content.decode()
    assert (Project.everything.count(), TableJob.objects.count()) == (before, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("content", [None, b"no zip", packed({"../x": "y"})])
def test_what_is_no_project_file_is_refused_on_the_page(owner, content):
    data = {} if content is None else {"file": upload(content)}

    answer = client_of(owner).post(reverse("admin:studio_project_file"), data)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()


@pytest.mark.django_db
def test_a_project_that_could_not_be_filled_goes_to_the_trash_and_its_name_is_free(owner):
    organization = owner.organizations.get()
    rows = {"rows/people.csv": "id,age\n1,young\n"}
    job = starting.bring(upload(packed({MANIFEST: PEOPLE} | rows)), organization, user=owner)

    job = run(job)

    assert job.state == State.FAILED
    assert "rows/people.csv, row 2, age:" in job.error
    assert Project.everything.get(pk=job.project_id).trashed_at
    assert not DataTable.everything.filter(project=job.project_id).exists()
    page = client_of(owner).get(reverse("admin:studio_job", args=[job.pk])).content.decode()
    assert reverse("admin:studio_project_file") in page
    assert reverse("admin:studio_project_change", args=[job.project_id]) not in page
    again = starting.bring(upload(packed({MANIFEST: PEOPLE})), organization, user=owner)
    assert again.project.name == "People"


@pytest.mark.django_db
def test_a_project_whose_job_is_stopped_before_it_begins_goes_to_the_trash(owner):
    job = starting.bring(upload(packed({MANIFEST: PEOPLE})), owner.organizations.get(), user=owner)

    jobs.cancel(job)

    assert run(job).state == State.CANCELLED
    assert Project.everything.get(pk=job.project_id).trashed_at


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("limits", "told"), [({"projects": 1}, "projects"), ({"tables": 2}, "tables"), ({"storage": 1}, "storage")]
)
def test_the_limits_of_the_plan_hold(shop, owner, limits, told):
    make_subscription(shop.organization, make_plan(**limits))
    client = client_of(owner)

    answer = client.post(reverse("admin:studio_project_file"), {"file": upload(exported(shop)), "rows": "on"})

    if told == "tables":
        message = run(newest()).error
        assert Project.everything.exclude(pk=shop.pk).get().trashed_at
    else:
        message = answer.content.decode()
        assert answer.status_code == 422
        assert Project.everything.get() == shop
    assert f"for “{told}”" in message


@pytest.mark.django_db
def test_a_file_for_which_there_is_no_room_any_more_is_not_kept(shop, owner):
    content = exported(shop)
    make_subscription(shop.organization, make_plan(storage=Storage().count(shop.organization_id) + len(content) - 1))

    answer = client_of(owner).post(reverse("admin:studio_project_file"), {"file": upload(content), "rows": "on"})

    assert "for “storage”" in answer.content.decode()
    assert not StoredFile.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("with_rows", [True, False])
def test_a_copy_needs_room_for_its_rows(shop, owner, with_rows):
    """What is left is less than the project takes, and more than nothing."""
    make_subscription(shop.organization, make_plan(storage=Storage().count(shop.organization_id) + 50_000))

    job = run(starting.duplicate(shop, "Second shop", with_rows=with_rows, user=owner))

    assert job.state == (State.FAILED if with_rows else State.DONE)
    assert ("for “storage”" in job.error) == with_rows


# --- a copy


@pytest.mark.django_db
def test_a_project_is_duplicated(shop, owner):
    client = client_of(owner)
    address = reverse("admin:studio_project_duplicate", args=[shop.pk])

    page = client.get(address).content.decode()
    client.post(address, {"name": "Second shop", "rows": "on"})
    job = run(newest())

    assert 'value="Shop – copy"' in page
    assert (job.state, job.project.name) == (State.DONE, "Second shop")
    assert rows_of(job.project, "Orders") == rows_of(shop, "Orders")


@pytest.mark.django_db
def test_a_copy_is_made_once_though_its_job_runs_twice(shop, owner):
    job = starting.duplicate(shop, "Second shop", with_rows=True, user=owner)
    run(job)
    TableJob.objects.filter(pk=job.pk).update(state=State.RUNNING)  # the worker died before it could say so

    job = run(job)

    assert job.state == State.DONE
    assert len(rows_of(job.project, "Orders")) == 2


@pytest.mark.django_db
def test_a_copy_of_a_taken_name_is_refused_on_the_page(shop, owner):
    answer = client_of(owner).post(reverse("admin:studio_project_duplicate", args=[shop.pk]), {"name": "Shop"})

    assert answer.status_code == 422
    assert "already has a project named “Shop”" in answer.content.decode()


@pytest.mark.django_db
def test_a_copy_of_a_project_that_is_gone_is_told(shop, owner):
    job = starting.duplicate(shop, "Second shop", with_rows=True, user=owner)
    Project.everything.get(pk=shop.pk).delete()

    job = run(job)

    assert (job.state, job.error) == (State.FAILED, "The project to copy was deleted.")


# --- templates


@pytest.mark.django_db
def test_a_template_becomes_a_project_at_once(owner):
    client = client_of(owner)

    page = client.get(reverse("admin:studio_project_gallery")).content.decode()
    answer = client.post(reverse("admin:studio_project_gallery"), {"template": "crm", "name": "Sales", "rows": "on"})

    project = Project.objects.get(name="Sales")
    assert all(name in page for name in ("CRM", "Inventory", "Help desk", "HR", "Quote lines"))
    assert answer.url == reverse("admin:studio_project_change", args=[project.pk])
    assert len(rows_of(project, "Deals")) == 26
    assert client.get(reverse("admin:studio_table_rows", args=[table_of(project, "Deals").pk])).status_code == 200


@pytest.mark.django_db
def test_a_template_under_a_taken_name_is_refused_on_its_card(shop, owner):
    data = {"template": "hr", "name": "Shop"}

    answer = client_of(owner).post(reverse("admin:studio_project_gallery"), data)

    assert answer.status_code == 422
    assert answer.content.decode().count("already has a project named “Shop”") == 1


@pytest.mark.django_db
def test_a_project_may_be_made_in_another_organization_of_mine_but_in_nobody_elses(owner):
    second, foreign = make_organization("Second"), make_organization("Foreign")
    second.memberships.create(user=owner, role=Role.EDITOR)
    client, address = client_of(owner), reverse("admin:studio_project_gallery")

    refused = client.post(address, {"template": "crm", "name": "X", "organization": str(foreign.pk)})
    client.post(address, {"template": "crm", "name": "X", "organization": str(second.pk)})

    assert refused.status_code == 404
    assert Project.objects.get(name="X").organization == second


# --- who may


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "export", "duplicate", "new"),
    [(Role.OWNER, 200, 200, 200), (Role.EDITOR, 200, 200, 200), (Role.VIEWER, 200, 403, 403), (None, 404, 404, 200)],
)
def test_who_may_open_the_pages(shop, role, export, duplicate, new):
    user = make_user(organization=shop.organization if role else make_organization(), role=role or Role.OWNER)
    client = client_of(user)

    codes = [
        client.get(reverse(f"admin:studio_project_{name}", args=[shop.pk])).status_code
        for name in ("export", "duplicate")
    ]

    assert codes == [export, duplicate]
    assert client.get(reverse("admin:studio_project_file")).status_code == new
    assert client.get(reverse("admin:studio_project_gallery")).status_code == new


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_who_may_not_make_a_project_makes_none(shop, role):
    user = make_user(organization=shop.organization if role else make_organization(), role=role or Role.VIEWER)
    client, before = client_of(user), Project.everything.count()

    client.post(reverse("admin:studio_project_duplicate", args=[shop.pk]), {"name": "X"})
    client.post(reverse("admin:studio_project_file"), {"file": upload(packed({MANIFEST: PEOPLE}))})
    client.post(reverse("admin:studio_project_gallery"), {"template": "crm", "name": "X"})

    assert Project.everything.count() == before


# --- before something is thrown away


@pytest.mark.django_db
def test_an_export_is_offered_before_a_project_or_a_table_is_thrown_away(shop, owner):
    client, table = client_of(owner), table_of(shop, "Orders")

    project_page = client.get(reverse("admin:studio_project_delete", args=[shop.pk])).content.decode()
    table_page = client.get(reverse("admin:studio_datatable_delete", args=[table.pk])).content.decode()
    export = reverse("admin:studio_table_export", args=[table.pk]) + "?format=csv"
    client.post(export)
    job = run(newest())

    assert reverse("admin:studio_project_export", args=[shop.pk]) in project_page
    assert export in table_page
    assert (job.state, job.kind, job.result) == (State.DONE, "export", {"bytes": ANY})


@pytest.mark.django_db
def test_the_project_page_and_the_empty_list_lead_to_all_this(shop, owner):
    client = client_of(owner)
    project = client.get(reverse("admin:studio_project_change", args=[shop.pk])).content.decode()
    beginner = client_of(make_user(organization=make_organization()))

    empty = beginner.get(reverse("admin:studio_project_changelist")).content.decode()
    new = beginner.get(reverse("admin:studio_project_add")).content.decode()

    for name in ("export", "duplicate"):
        assert reverse(f"admin:studio_project_{name}", args=[shop.pk]) in project
    for page in (empty, new):
        assert reverse("admin:studio_project_gallery") in page
        assert reverse("admin:studio_project_file") in page
