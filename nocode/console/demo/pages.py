"""The demo's pages: where people arrive, and for customers and orders a list, one row and a form."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from nocode.console.demo.shop import Shop
from nocode.studio.models import DataTable, Page
from nocode.studio.services.blocks import add_block
from nocode.studio.services.pages import add_page


@dataclass(frozen=True)
class Trio:
    """The pages of a table, which lead to each other."""

    listing: Page
    detail: Page
    form: Page


def create_pages(shop: Shop) -> None:
    """Create the pages, those that people find in the menu first."""
    home = add_page(shop.project, _("Home"), icon="home")
    orders = _trio(shop.orders, _("Orders"), pgettext("purchase", "Order"), _("Order form"), icon="receipt_long")
    customers = _trio(shop.customers, _("Customers"), _("Customer"), _("Customer form"), icon="group")
    _fill_home(home, shop, orders)
    fields = [shop.order[each] for each in ("reference", "customer", "total", "status")]
    _fill_trio(orders, shop.orders, fields=fields, filters=[shop.order["status"]], title=shop.order["reference"])
    _fill_trio(customers, shop.customers, title=shop.customer["name"])


def _trio(table: DataTable, listing: str, detail: str, form: str, *, icon: str) -> Trio:
    return Trio(
        add_page(table.project, listing, icon=icon),
        add_page(table.project, detail, icon="article", in_menu=False),
        add_page(table.project, form, icon="edit_note", in_menu=False),
    )


def _fill_home(home: Page, shop: Shop, orders: Trio) -> None:
    table, total, status = {"table": str(shop.orders.pk)}, shop.order["total"], shop.order["status"]
    welcome = _(
        "The web shop sends its orders here: the workflow **Order intake** answers it, writes them down and confirms "
        "them. Open this page again after a call, and the newest one is on top."
    )
    confirmed = {"where_field": status, "where_op": "eq", "where_value": _("confirmed")}
    add_block(home, "text.heading", {"text": _("How the shop is doing"), "size": "medium"})
    add_block(home, "text.paragraph", {"text": welcome})
    columns = add_block(home, "layout.columns", {"widths": "thirds"})
    figures = [
        {"title": _("Orders")},
        {"title": _("Revenue"), "measure": "sum", "field": total, **confirmed},
        {"title": _("Average order"), "measure": "avg", "field": total, **confirmed},
    ]
    for slot, figure in enumerate(figures):
        add_block(home, "data.stat", table | figure, parent=columns, slot=slot)
    newest = {"title": _("Newest orders"), "has_search": False, "page_size": 5, "detail_page": orders.detail.slug}
    fields = [shop.order[each] for each in ("reference", "total", "status")]
    add_block(home, "data.list", table | newest | {"fields": fields, "add_page": orders.form.slug})


def _fill_trio(trio: Trio, table: DataTable, *, title: str, **listing) -> None:
    shared = {"table": str(table.pk)}
    leading = {"detail_page": trio.detail.slug, "add_page": trio.form.slug}
    add_block(trio.listing, "data.list", shared | leading | listing)
    back = {"title": title, "edit_page": trio.form.slug, "back_page": trio.listing.slug}
    add_block(trio.detail, "data.detail", shared | back)
    leads = {"then": trio.detail.slug, "can_delete": True, "after_delete": trio.listing.slug}
    add_block(trio.form, "data.form", shared | leads | {"title": trio.detail.title})
