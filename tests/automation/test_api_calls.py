"""Programs start workflows and read what came of them, with a person's API token."""

from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from nocode.automation.models import WebhookDelivery, WorkflowExecution
from nocode.automation.services import triggers
from nocode.automation.tasks import process_webhook_trigger
from nocode.foundation.models import Role
from nocode.foundation.services import auth
from tests.factories import make_organization, make_published, make_user, set_values

pytestmark = pytest.mark.django_db


@pytest.fixture
def workflow():
    return make_published(("answer", "set", set_values(twice="{{ trigger.body.n * 2 }}")))


@pytest.fixture
def hook(workflow):
    return triggers.create(workflow, "webhook", "API", config={"security": "token"})


def token_of(organization, role=Role.EDITOR, scopes=("run", "view"), email="program@example.com"):
    return auth.create_token(make_user(email, organization=organization, role=role), organization, "Program", scopes)


def headers(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def start(hook, text: str = "", **more):
    given = headers(text) if text else {}
    return Client().post(
        f"/hooks/{hook.token}/", {"n": 21}, content_type="application/json", headers=given | more
    )  # fmt: skip


def test_a_program_starts_a_workflow_for_its_person_and_reads_the_result(workflow, hook):
    token, text = token_of(workflow.organization)

    accepted = start(hook, text)

    assert accepted.status_code == HTTPStatus.ACCEPTED
    delivery = WebhookDelivery.objects.get()
    assert text not in str(delivery.headers)
    process_webhook_trigger(delivery.pk)
    address = reverse("api_execution", args=[accepted.json()["execution_id"]])
    answer = Client().get(address, headers=headers(text)).json()
    assert (answer["status"], answer["output"], answer["error_message"]) == ("completed", {"twice": 42}, "")
    assert WorkflowExecution.objects.get().triggered_by == token.user


def test_only_members_who_may_run_workflows_start_one(workflow, hook):
    viewer = token_of(workflow.organization, Role.VIEWER, email="viewer@example.com")[1]
    stranger = token_of(make_organization("Other"), Role.OWNER, email="stranger@example.com")[1]
    reader = token_of(workflow.organization, scopes=["view"], email="reader@example.com")[1]

    refused = {text: start(hook, text) for text in ("", "nonsense", viewer, stranger, reader)}

    assert {answer.status_code for answer in refused.values()} == {HTTPStatus.UNAUTHORIZED}
    assert all(answer.json()["error"] for answer in refused.values())
    assert not WebhookDelivery.objects.exists()


def test_only_tokens_that_may_read_the_organization_see_an_execution(workflow, hook):
    start(hook, token_of(workflow.organization)[1])
    delivery = WebhookDelivery.objects.get()
    process_webhook_trigger(delivery.pk)
    address = reverse("api_execution", args=[delivery.execution_id])
    runner = token_of(workflow.organization, scopes=["run"], email="runner@example.com")[1]
    stranger = token_of(make_organization("Other"), Role.OWNER, email="stranger@example.com")[1]

    assert Client().get(address).status_code == HTTPStatus.UNAUTHORIZED
    assert Client().get(address, headers=headers(runner)).status_code == HTTPStatus.UNAUTHORIZED
    assert Client().get(address, headers=headers(stranger)).status_code == HTTPStatus.NOT_FOUND


def test_the_same_call_twice_starts_one_execution(workflow, hook):
    text = token_of(workflow.organization)[1]

    first, second = (start(hook, text, **{"Idempotency-Key": "order-1"}).json() for _call in range(2))

    assert (second["execution_id"], second["duplicate"]) == (first["execution_id"], True)
