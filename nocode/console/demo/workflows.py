"""The demo's workflows: one that takes orders in, one that runs each minute."""

import json

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from nocode.automation.models import Edge, Node, Workflow
from nocode.automation.services import triggers, workflows
from nocode.console.demo.shop import Shop
from nocode.foundation.models import User

SAMPLE = {
    "reference": "A-1008",
    "name": "Nora Lind",
    "email": "nora.lind@example.com",
    "city": "Malmö",
    "total": 1290.5,
}


def create_order_intake(shop: Shop, owner: User) -> Workflow:
    """webhook → complete? → large? → (notify) → find or create the customer → create the order → answer → confirm."""
    workflow = _workflow(
        shop,
        owner,
        _("Order intake"),
        _("Takes orders from the web shop, keeps customers and orders, and answers the shop."),
    )
    draw = Drawing(workflow)
    draw.step("check", "if", _("Is the order complete?"), 0, 1, **_complete())
    draw.step("refuse", "respond", _("Refuse the order"), 1, 3, **_refusal())
    draw.step(
        "stop",
        "stop",
        pgettext("step", "Stop"),
        2,
        3,
        message=_("The order is not complete: {{ JSON.stringify(trigger.body) }}"),
    )
    draw.step("large", "if", _("Is it large?"), 1, 1, **_at_least("{{ Number(trigger.body.total) }}", "1000"))
    draw.step("notify", "http.request", _("Tell the sales team"), 2, 0, **_notification())
    draw.step("find", "record.find", _("Find the customer"), 3, 1, **_by_email(shop))
    draw.step("create", "record.create", _("Create the customer"), 4, 2, **_new_customer(shop))
    draw.step("customer", "merge", _("The customer"), 5, 1, combine="object")
    draw.step("order", "record.create", _("Create the order"), 6, 1, **_new_order(shop))
    draw.step("answer", "respond", _("Answer the shop"), 7, 1, status=201, body="{{ {order: input.id} }}")
    draw.step("pause", "wait", _("Time to change one's mind"), 8, 1, amount="5", unit="seconds")
    draw.step("confirm", "record.update", _("Confirm the order"), 9, 1, **_confirmation(shop))
    draw.lines(
        "check.true>large check.false>refuse refuse>stop large.true>notify large.false>find notify>find "
        "find.found>customer find.none>create create>customer customer>order order>answer answer>pause pause>confirm"
    )
    trigger = triggers.create(
        workflow, "webhook", _("Web shop"), config={"answer": "respond", "sample": SAMPLE}, is_active=True
    )
    workflows.publish(workflow, owner, _("First version"))
    return trigger.workflow


def create_order_count(shop: Shop, owner: User) -> Workflow:
    """Each minute: count the confirmed orders and add up what they are worth."""
    workflow = _workflow(
        shop,
        owner,
        _("Order count"),
        _("Each minute: how many orders are confirmed, and what they are worth together."),
    )
    draw = Drawing(workflow)
    where = [{"field": shop.order["status"], "op": "eq", "value": _("confirmed")}]
    draw.step(
        "orders",
        "record.find",
        _("Confirmed orders"),
        0,
        0,
        table=shop.orders.physical_name,
        where=where,
        first=False,
        limit=1000,
    )
    total = "{{ input.reduce((sum, order) => sum + Number(order." + shop.order["total"] + "), 0) }}"
    values = [{"name": "count", "value": "{{ input.length }}"}, {"name": "total", "value": total}]
    draw.step("summary", "set", _("Sum up"), 1, 0, values=values)
    draw.lines("orders.found>summary")
    triggers.create(workflow, "schedule", _("Each minute"), config={"cron": "* * * * *"}, is_active=True)
    workflows.publish(workflow, owner, _("First version"))
    return workflow


class Drawing:
    """Draws steps on a grid and connects them."""

    COLUMN, ROW = 290, 120

    def __init__(self, workflow: Workflow):
        self.workflow = workflow
        self.nodes: dict[str, Node] = {}

    def step(self, key: str, kind: str, label: str, column: int, row: int, **config) -> None:
        self.nodes[key] = Node.objects.create(
            workflow=self.workflow,
            key=key,
            kind=kind,
            label=label,
            config=config,
            x=column * self.COLUMN,
            y=row * self.ROW,
        )

    def lines(self, text: str) -> None:
        """Connections as `source.port>target`; without a port, the usual one."""
        for line in text.split():
            source, target = line.split(">")
            source, _dot, port = source.partition(".")
            Edge.objects.create(
                workflow=self.workflow, source=self.nodes[source], port=port or "main", target=self.nodes[target]
            )


def _workflow(shop: Shop, owner: User, name: str, description: str) -> Workflow:
    return Workflow.objects.create(
        organization=shop.project.organization,
        project=shop.project,
        name=name,
        description=description,
        created_by=owner,
    )


def _complete() -> dict:
    return {
        "conditions": [
            {"left": "{{ trigger.body?.email }}", "op": "contains", "right": "@"},
            {"left": "{{ trigger.body?.name }}", "op": "filled", "right": ""},
            {"left": "{{ Number(trigger.body?.total) > 0 }}", "op": "true", "right": ""},
        ],
        "combine": "all",
    }


def _at_least(value: str, amount: str) -> dict:
    return {"conditions": [{"left": value, "op": "gte", "right": amount}], "combine": "all"}


def _refusal() -> dict:
    message = _("An order needs name, email and a total above 0.")
    return {"status": 422, "body": f"{{{{ {{error: {json.dumps(message)}}} }}}}"}


def _notification() -> dict:
    text = json.dumps(_("Large order"))
    body = f"{{{{ {{text: {text}, customer: trigger.body.name, total: trigger.body.total}} }}}}"
    return {"method": "POST", "url": "/echo/", "body": body}


def _by_email(shop: Shop) -> dict:
    email = "{{ trigger.body.email.toLowerCase() }}"
    return {
        "table": shop.customers.physical_name,
        "where": [{"field": shop.customer["email"], "op": "eq", "value": email}],
        "first": True,
    }


def _new_customer(shop: Shop) -> dict:
    values = {
        "name": "{{ trigger.body.name }}",
        "email": "{{ trigger.body.email.toLowerCase() }}",
        "city": "{{ trigger.body.city }}",
    }
    return {"table": shop.customers.physical_name, "values": _values(shop.customer, values)}


def _new_order(shop: Shop) -> dict:
    values = {
        "reference": "{{ trigger.body.reference || execution.id }}",
        "customer": "{{ input.id }}",
        "total": "{{ trigger.body.total }}",
        "status": _("new"),
    }
    return {"table": shop.orders.physical_name, "values": _values(shop.order, values)}


def _confirmation(shop: Shop) -> dict:
    return {
        "table": shop.orders.physical_name,
        "record_id": "{{ steps.order.id }}",
        "values": _values(shop.order, {"status": _("confirmed")}),
    }


def _values(names: dict[str, str], values: dict[str, str]) -> list[dict]:
    return [{"field": names[meaning], "value": value} for meaning, value in values.items()]
