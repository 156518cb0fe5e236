"""Runs that repeat others: with another input, on another version, linked, and compared."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from nocode.automation.models import StepRun, WorkflowExecution
from nocode.automation.services import executions, workflows
from tests.automation.looping import make_loop
from tests.automation.screens import FAILING, make_office
from tests.factories import set_values

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return make_office()


def url(name: str, *executions: WorkflowExecution) -> str:
    return reverse(f"admin:{name}", args=[execution.pk for execution in executions])


def again(office, execution, **data) -> WorkflowExecution:
    answer = office.client("owner").post(url("execution_again", execution), data)
    assert answer.status_code == 302
    return executions.run_now(execution.retries.get().pk, budget=10)


def publish_other(workflow) -> None:
    """A second version, whose first step gives something else."""
    workflow.nodes.filter(key="first").update(config=set_values(x="{{ trigger.x * 100 }}"))
    workflows.publish(workflow)


def test_another_input_runs_on_the_same_version(office):
    execution = office.finished()
    publish_other(execution.workflow)

    repeated = again(office, execution, input='{"x": 7}', version="same")

    assert (repeated.input, repeated.output, repeated.version) == ({"x": 7}, {"y": 8}, execution.version)
    assert (repeated.retry_of, repeated.triggered_by) == (execution, office.owner)


def test_the_published_version_runs_with_the_old_input(office):
    execution = office.finished()
    publish_other(execution.workflow)

    repeated = again(office, execution, input='{"x": 1}', version="current")

    assert (repeated.output, repeated.version.number) == ({"y": 101}, 2)


def test_a_step_that_is_gone_cannot_be_begun_at(office):
    execution = office.finished()
    WorkflowExecution.objects.update(entry="first")
    execution.workflow.nodes.filter(key="first").delete()
    execution.workflow.nodes.filter(key="second").update(config=set_values(y="1"))
    workflows.publish(execution.workflow)

    client = office.client("owner")
    page = client.post(url("execution_again", execution), {"input": "{}", "version": "current"}, follow=True)

    assert "It began at the step “first”" in page.content.decode()
    assert WorkflowExecution.objects.count() == 1


def test_nonsense_is_refused_and_shown_as_it_was_typed(office):
    execution = office.finished()

    page = office.client("owner").post(url("execution_again", execution), {"input": "{x", "version": "same"})

    assert page.status_code == 200
    assert "{x" in page.content.decode()
    assert "it is not JSON" in page.content.decode()
    assert WorkflowExecution.objects.count() == 1


def test_what_is_too_large_or_gone_is_not_offered_to_be_changed(office):
    large = office.finished(input={"x": 1, "text": "x" * 60_000})
    orphan = office.finished()
    orphan.workflow.delete()

    for execution, why in ((large, "too large to be changed"), (orphan, "was deleted")):
        page = office.client("owner").get(url("execution_again", execution), follow=True)
        assert why in page.content.decode()


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("viewer", 403), ("stranger", 404)])
def test_who_may_run_again_with_changes(office, who, status):
    execution = office.finished()

    assert office.client(who).get(url("execution_again", execution)).status_code == status
    answer = office.client(who).post(url("execution_again", execution), {"input": "{}", "version": "same"})
    assert answer.status_code == (302 if status == 200 else status)
    assert WorkflowExecution.objects.count() == (2 if status == 200 else 1)


def test_every_run_of_a_chain_is_on_the_page_of_each(office):
    first = office.finished(office.workflow(*FAILING))
    second = executions.retry(first)
    third = executions.retry(second)
    beside = executions.retry(first)
    office.finished()

    for execution in (first, second, third, beside):
        html = office.client("viewer").get(url("execution_detail", execution)).content.decode()
        for other in {first, second, third, beside} - {execution}:
            assert url("execution_compare", other, execution) in html
    assert (
        "Runs that repeat one another"
        not in office.client("viewer").get(url("execution_detail", office.finished())).content.decode()
    )


def test_a_link_is_for_members_who_log_in(office, client):
    execution = office.finished()
    address = url("execution_detail", execution)

    html = office.client("viewer").get(address).content.decode()

    assert f'data-copy="http://testserver{address}"' in html
    assert office.client("stranger").get(address).status_code == 404
    assert client.get(address).url == f"/admin/login/?next={address}"


# --- Compared ------------------------------------------------------------------------------------------------------


def test_two_runs_side_by_side(office):
    workflow = office.workflow()
    before, after = office.finished(workflow), office.finished(workflow, input={"x": 5})
    client = office.client("viewer")

    html = client.get(url("execution_compare", before, after)).content.decode()
    assert html.count(">differs<") == 2

    value = url("execution_compare_value", before, after)
    html = client.get(f"{value}?step=second", headers={"HX-Request": "true"}).content.decode()
    assert '<tr class="c-line--same"><td>{</td><td>{</td></tr>' in html
    assert "c-line--changed" in html
    assert "&quot;y&quot;: 2" in html
    assert "&quot;y&quot;: 6" in html
    html = client.get(value).content.decode()
    assert "&quot;x&quot;: 5" in html


def test_runs_of_two_versions_show_the_steps_of_both(office):
    workflow = office.workflow()
    before = office.finished(workflow)
    workflow.nodes.get(key="second").delete()
    workflows.publish(workflow)
    workflow.refresh_from_db()

    html = office.client("viewer").get(url("execution_compare", before, office.finished(workflow))).content.decode()

    assert "Not reached" in html
    assert ">the same<" in html


def test_turns_are_compared_by_their_number(office):
    workflow = make_loop(("a", "set", {}), organization=office.organization)
    runs = [office.finished(workflow, input={"items": [1] * number}) for number in (2, 3)]

    html = office.client("viewer").get(url("execution_compare", *runs)).content.decode()

    assert "2 turns" in html
    assert "3 turns" in html


def test_only_the_beginning_of_long_outputs_is_compared(office):
    before, after = office.finished(), office.finished()
    StepRun.objects.filter(execution=after, node_key="second").update(output=["x"] * 5000)

    value = url("execution_compare_value", before, after)
    html = office.client("viewer").get(f"{value}?step=second").content.decode()

    assert "Only the beginning is compared" in html
    assert html.count("<tr ") < 1100


@pytest.mark.parametrize("name", ["execution_compare", "execution_compare_value"])
def test_both_must_be_visible_to_be_compared(office, name):
    mine, other = office.finished(), office.finished()
    foreign = make_office().finished()

    assert office.client("viewer").get(url(name, mine, other)).status_code == 200
    assert office.client("owner").get(url(name, mine, foreign)).status_code == 404
    assert office.client("owner").get(url(name, foreign, mine)).status_code == 404
    assert office.client("stranger").get(url(name, mine, other)).status_code == 404
    assert office.client("stranger").get(url("execution_compare_with", mine)).status_code == 404


@pytest.mark.parametrize("runs", [1, 30])
def test_what_comparing_costs(office, runs):
    workflow = office.workflow()
    executions_of = [office.finished(workflow) for _number in range(max(2, runs))]
    client = office.client("viewer")

    with CaptureQueriesContext(connection) as choosing:
        client.get(url("execution_compare_with", executions_of[0]))
    with CaptureQueriesContext(connection) as comparing:
        client.get(url("execution_compare", *executions_of[:2]))

    assert len(choosing) <= 9
    assert len(comparing) <= 9
