"""The demo's data: a project with customers and their orders, which know of each other, and a few rows in them."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from nocode.foundation.models import Organization
from nocode.studio.models import DataTable, Project
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.projects import create_project
from nocode.studio.services.records import Records


@dataclass
class Shop:
    """The project and its two tables, with the physical names of their fields by what they mean."""

    project: Project
    customers: DataTable
    orders: DataTable
    customer: dict[str, str]
    order: dict[str, str]


def create_tables(organization: Organization) -> Shop:
    """Create the project, its tables and some rows."""
    project = create_project(organization, _("Shop"), description=_("Customers and what they ordered."))
    manager = SchemaManager(project)
    customers = manager.create_table(
        _("Customers"),
        [
            NewField(_("Name"), "text", required=True),
            NewField(_("E-mail"), "email", required=True, unique=True),
            NewField(_("City"), "text"),
        ],
    )
    orders = manager.create_table(
        _("Orders"),
        [
            NewField(_("Reference"), "text", required=True),
            NewField(_("Customer"), "relation", required=True, settings={"table": str(customers.pk)}),
            NewField(_("Total"), "decimal", required=True),
            NewField(
                _("Status"), "select", required=True, settings={"options": [_("new"), _("confirmed"), _("cancelled")]}
            ),
            NewField(_("Note"), "long_text"),
        ],
    )
    shop = Shop(
        project,
        customers,
        orders,
        _names(customers, ["name", "email", "city"]),
        _names(orders, ["reference", "customer", "total", "status", "note"]),
    )
    _add_computed(manager, shop)
    _fill(shop)
    return shop


def _add_computed(manager: SchemaManager, shop: Shop) -> None:
    """What an order says of its customer, and a customer of the orders."""
    fields = {name: _field(shop.orders, shop.order[name]) for name in ("customer", "total")}
    city = _field(shop.customers, shop.customer["city"])
    back = {"relation": f"-{fields['customer']}"}
    manager.add_field(shop.orders, _("City"), "lookup", settings={"relation": fields["customer"], "field": city})
    manager.add_field(shop.customers, _("Orders"), "rollup", settings=back | {"function": "count"})
    spent = back | {"field": fields["total"], "function": "sum"}
    manager.add_field(shop.customers, _("Spent"), "rollup", settings=spent)
    for table in (shop.customers, shop.orders):
        table.refresh_from_db()


def _field(table: DataTable, name: str) -> str:
    """The id of a field, as settings name it."""
    return str(table.fields.get(physical_name=name).pk)


def _names(table: DataTable, meanings: list[str]) -> dict[str, str]:
    names = table.fields.order_by("position").values_list("physical_name", flat=True)
    return dict(zip(meanings, names, strict=True))


def _fill(shop: Shop) -> None:
    people = [
        ("Léa Martin", "lea.martin@example.com", "Lyon"),
        ("Oliver Hughes", "oliver.hughes@example.com", "Leeds"),
        ("Amina Diallo", "amina.diallo@example.com", "Dakar"),
        ("Jonas Weber", "jonas.weber@example.com", "Freiburg"),
        ("Sofia Rossi", "sofia.rossi@example.com", "Torino"),
    ]
    customers = Records(shop.customers).create_many(
        [_row(shop.customer, name=name, email=email, city=city) for name, email, city in people]
    )
    confirmed, cancelled = _("confirmed"), _("cancelled")
    orders = [
        (0, "84.95", confirmed, ""),
        (2, "1240", confirmed, _("Deliver to the back entrance.")),
        (1, "19.95", cancelled, _("Ordered twice by mistake.")),
        (2, "310", confirmed, ""),
        (4, "57.29", confirmed, ""),
        (1, "128", confirmed, _("Wrapped as a present.")),
        (3, "642.75", _("new"), ""),
    ]
    Records(shop.orders).create_many(
        [
            _row(
                shop.order,
                reference=f"A-{1001 + place}",
                customer=customers[who]["id"],
                total=total,
                status=status,
                note=note or None,
            )
            for place, (who, total, status, note) in enumerate(orders)
        ]
    )


def _row(names: dict[str, str], **values) -> dict:
    return {names[meaning]: value for meaning, value in values.items()}
