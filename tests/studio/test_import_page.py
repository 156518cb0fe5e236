"""The pages of an import: who may use them, what they show, what they start."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from nocode.studio.models import StoredFile, TableJob
from nocode.studio.schema.manager import NewField
from tests.factories import make_project, make_table, make_user
from tests.studio.importing import rows_of, run, stored

pytestmark = pytest.mark.django_db

TEXT = b"Name;Age\nAda;36\nGrace;85\n"


@pytest.fixture
def people():
    return make_table(make_project(), "People", (NewField("Name", "text", required=True), NewField("Age", "integer")))


def client_of(table, who: str) -> Client:
    home = make_project().organization if who == "stranger" else table.project.organization
    client = Client()
    client.force_login(make_user(organization=home, role="owner" if who == "stranger" else who))
    return client


def upload(client, address: str, content: bytes = TEXT):
    return client.post(address, {"file": SimpleUploadedFile("people.csv", content)})


@pytest.mark.parametrize(("who", "status"), [("owner", 302), ("editor", 302), ("viewer", 403), ("stranger", 404)])
def test_who_may_import(people, who, status):
    client = client_of(people, who)

    answer = upload(client, reverse("admin:studio_table_import", args=[people.pk]))

    assert answer.status_code == status
    assert StoredFile.objects.exists() == (status == 302)


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("viewer", 403), ("stranger", 404)])
def test_who_may_look_at_an_uploaded_file(people, who, status):
    file = stored(people.project, TEXT)

    address = reverse("admin:studio_import", args=[file.pk])

    assert client_of(people, who).get(address, {"table": people.pk}).status_code == status


def test_a_file_goes_from_the_page_into_the_table(people):
    client = client_of(people, "owner")
    page = upload(client, reverse("admin:studio_table_import", args=[people.pk])).url

    shown = client.get(page)
    answer = client.post(page, {"target-0": "name", "target-1": "age", "bad": "all", "import": ""})

    assert [line.column.target for line in shown.context["lines"]] == ["name", "age"]
    job = run(TableJob.objects.get())
    assert answer.url == reverse("admin:studio_job", args=[job.pk])
    assert rows_of(people, "name", "age") == [("Ada", 36), ("Grace", 85)]
    assert b"Open rows" in client.get(answer.url).content


def test_a_new_table_is_made_from_the_page_of_the_project(people):
    client = client_of(people, "owner")
    page = upload(client, reverse("admin:studio_project_import", args=[people.project_id])).url

    fields = {"target-0": "+", "label-0": "Who", "kind-0": "text", "target-1": "", "new_table": "Persons"}
    client.post(page, {**fields, "import": ""})

    table = run(TableJob.objects.get()).table
    assert (table.label, [field.label for field in table.fields.all()]) == ("Persons", ["Who"])


def test_a_choice_about_the_reading_is_followed(people):
    client = client_of(people, "owner")
    page = upload(client, reverse("admin:studio_table_import", args=[people.pk])).url

    part = client.get(f"{page}&delimiter=,&header=0", headers={"HX-Request": "true"})

    assert part.context["preview"].names == ["Column 1"]
    assert b"<html" not in part.content


def test_a_refused_choice_is_explained_and_kept(people):
    client = client_of(people, "owner")
    page = upload(client, reverse("admin:studio_table_import", args=[people.pk])).url

    answer = client.post(page, {"target-0": "", "target-1": "age", "import": ""})

    assert answer.status_code == 422
    assert "“Name” is required" in answer.content.decode()
    assert not TableJob.objects.exists()


def test_an_unreadable_file_is_refused_where_it_is_chosen(people):
    client = client_of(people, "owner")

    answer = upload(client, reverse("admin:studio_table_import", args=[people.pk]), b'a,b\n"x"y,1\n')

    assert answer.status_code == 422
    assert "Row 2 (line 2), column 1, character 4" in answer.content.decode()


def test_a_trial_leads_back_to_the_same_choices(people):
    client = client_of(people, "owner")
    page = upload(client, reverse("admin:studio_table_import", args=[people.pk])).url
    client.post(page, {"target-0": "name", "target-1": "", "bad": "skip", "trial": ""})
    job = run(TableJob.objects.get())

    shown = client.get(client.get(reverse("admin:studio_job", args=[job.pk])).context["next_step"][0])

    assert rows_of(people, "name") == []
    assert [line.column.target for line in shown.context["lines"]] == ["name", ""]
    assert shown.context["options"].skip_bad


def test_the_page_says_how_many_mistakes_it_leaves_out_and_where_they_all_are(people):
    client = client_of(people, "owner")
    page = upload(client, reverse("admin:studio_table_import", args=[people.pk]), b"Name,Age\n" + b"Ada,old\n" * 25).url
    client.post(page, {"target-0": "name", "target-1": "age", "bad": "all", "trial": ""})
    job = run(TableJob.objects.get())

    shown = client.get(reverse("admin:studio_job", args=[job.pk])).content.decode()

    assert "These are the first 20 of 25." in shown
    assert shown.count(reverse("admin:studio_job_file", args=[job.pk])) == 2


def test_a_trial_that_would_be_refused_says_what_waits_for_the_mistakes(people):
    client = client_of(people, "owner")
    text = b"Name,Age\nAda,36\nBob,old\nCid,7\n"
    page = upload(client, reverse("admin:studio_table_import", args=[people.pk]), text).url
    client.post(page, {"target-0": "name", "target-1": "age", "bad": "all", "trial": ""})
    job = run(TableJob.objects.get())

    facts = {str(label): number for label, number in client.get(f"/admin/studio/job/{job.pk}/").context["facts"]}

    assert facts == {
        "Rows in the file": "3",
        "Rows that could be added once the others are corrected": "2",
        "Rows with mistakes": "1",
        "Cells with mistakes": "1",
    }
    assert "Nothing would be imported: correct them" in job.error
