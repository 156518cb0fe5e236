"""Rows of a table: a list, one row, a figure."""

from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import Any

from django import forms
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.studio.blocks.asking import Asked
from nocode.studio.blocks.base import Block, BlockType, block_types
from nocode.studio.blocks.config import BlockForm, FieldChoice, FieldList, PageChoice, PlainText, TableChoice
from nocode.studio.blocks.rows import LimitedForm, Shown, columns_of, held_value, limits_of, readable, require
from nocode.studio.blocks.scene import ROW, Scene
from nocode.studio.errors import QueryRefused
from nocode.studio.fields.base import EMPTINESS

DATA = gettext_lazy("Data")
ALL_FIELDS = gettext_lazy("None chosen: all of them.")
NOWHERE = gettext_lazy("(no link)")


@block_types.register
class RowList(BlockType):
    """Rows of a table, with search, filters and pages."""

    kind, label, icon, family = "data.list", gettext_lazy("List of rows"), "table_rows", DATA
    template = "studio/blocks/list.html"
    summary = gettext_lazy("Rows of a table, with search, filters and pages.")

    class Config(LimitedForm):
        table = TableChoice()
        title = PlainText(label=gettext_lazy("Title"), required=False, max_length=150)
        fields = FieldList(label=gettext_lazy("Fields to show"), help_text=ALL_FIELDS)
        has_search = forms.BooleanField(
            label=gettext_lazy("Search in the texts that are shown"), required=False, initial=True
        )
        filters = FieldList(
            label=gettext_lazy("Fields to filter by"), fits=lambda field_type: field_type.operators != EMPTINESS
        )
        sort = FieldChoice(
            label=gettext_lazy("Sorted by"),
            fits=lambda field_type: field_type.sortable,
            more=(("", gettext_lazy("(newest first)")),),
        )
        descending = forms.BooleanField(label=gettext_lazy("From last to first"), required=False)
        page_size = forms.IntegerField(label=gettext_lazy("Rows per page"), min_value=1, max_value=100, initial=25)
        detail_page = PageChoice(label=gettext_lazy("A row leads to"), nothing=NOWHERE)
        add_page = PageChoice(label=gettext_lazy("The button “Add” leads to"), nothing=gettext_lazy("(no button)"))
        field_order = ["table", "title", "fields", "detail_page", "add_page", "has_search", "filters", "sort"]

    def context(self, block: Block, scene: Scene) -> dict[str, Any]:
        settings = block["settings"]
        records = readable(settings, scene)
        layout = records.layout
        columns = columns_of(layout, settings["fields"])
        filterable = columns_of(layout, settings["filters"]) if settings["filters"] else {}
        for name in (settings["sort"], settings["where_field"]):
            require(layout, name)
        asked = Asked(block["id"], scene, layout, filterable)
        order = asked.sort({name: each for name, each in columns.items() if each.type.sortable}, _order(settings))
        return {
            "label": layout.label,
            "columns": [_column(asked, name, column, order) for name, column in columns.items()],
            "add_url": scene.url(settings["add_page"]) if settings["add_page"] and scene.may("add") else "",
            "offers_add": settings["add_page"] and scene.may("add"),
            "has_search": self._has_search(settings, columns),
            "search": asked.text("q"),
            "clear_url": scene.here(**dict.fromkeys(asked.parameters())),
            "asked": asked,
            **self._rows(block, scene, records, columns, asked, order),
        }

    def held(self, block: Block, scene: Scene, row_id: int, name: str) -> Any:
        return held_value(self.read(block["settings"]), scene, row_id, name)

    def _rows(
        self, block: Block, scene: Scene, records: Any, columns: Mapping[str, Any], asked: Asked, order: str
    ) -> dict[str, Any]:
        settings = block["settings"]
        search = asked.text("q") if self._has_search(settings, columns) else ""
        asked_filters = asked.filters()
        found: dict[str, Any] = {"is_narrowed": bool(search or asked_filters), "rows": []}
        try:
            page = records.page(
                [*limits_of(settings), *asked_filters],
                search=search,
                search_in=columns,
                order=order,
                size=settings["page_size"],
                after=asked.row("after"),
                before=asked.row("before"),
            )
        except QueryRefused as refusal:
            return found | {"refusal": refusal.message}
        before, after = asked.name("before"), asked.name("after")
        rows = [Shown(block["id"], scene, row, page.labels[row["id"]]) for row in page.rows]
        return found | {
            "rows": [_row(row, columns, settings["detail_page"]) for row in rows],
            "previous_url": page.previous and scene.here(**{before: page.previous, after: None}),
            "next_url": page.next and scene.here(**{after: page.next, before: None}),
        }

    def _has_search(self, settings: dict, columns: Mapping[str, Any]) -> bool:
        """Whether visitors may search: in what is shown, and in nothing else."""
        return settings["has_search"] and any(column.field.type.searchable for column in columns.values())

    def hint(self, settings: Mapping[str, Any], tables: Mapping[str, Any]) -> str:
        return settings.get("title") or super().hint(settings, tables)


def _order(settings: Mapping[str, Any]) -> str:
    if not settings["sort"]:
        return "-id"
    return f"-{settings['sort']}" if settings["descending"] else settings["sort"]


def _column(asked: Asked, name: str, column: Any, order: str) -> dict[str, Any]:
    """The head of a column, with the address that sorts by it: upwards first, then downwards."""
    direction = {name: "ascending", f"-{name}": "descending"}.get(order, "")
    changes = {asked.name("sort"): f"-{name}" if direction == "ascending" else name}
    restart = {asked.name("after"): None, asked.name("before"): None}
    return {
        "label": column.label,
        "is_number": column.type.is_number,
        "direction": direction,
        "url": asked.scene.here(**changes, **restart) if column.type.sortable else "",
    }


def _row(shown: Shown, columns: Mapping[str, Any], detail_page: str) -> dict[str, Any]:
    """The cells of a row; the first one leads to the page about it, so it is text and nothing that is a link itself."""
    row_id = shown.row["id"]
    url = shown.scene.url(detail_page, **{ROW: row_id}) if detail_page else ""
    cells = [
        (column.label, shown.text(column) if url and not place else shown.cell(column), column.type.is_number)
        for place, column in enumerate(columns.values())
    ]
    return {"id": row_id, "url": url, "cells": cells}


@block_types.register
class RowDetail(BlockType):
    """The row that the page is about."""

    kind, label, icon, family = "data.detail", gettext_lazy("One row"), "article", DATA
    template = "studio/blocks/detail.html"
    summary = gettext_lazy("The row that the page is about.")

    class Config(BlockForm):
        table = TableChoice()
        title = FieldChoice(label=gettext_lazy("Title"), more=(("", gettext_lazy("(the number of the row)")),))
        fields = FieldList(label=gettext_lazy("Fields to show"), help_text=ALL_FIELDS)
        edit_page = PageChoice(label=gettext_lazy("The button “Edit” leads to"), nothing=gettext_lazy("(no button)"))
        back_page = PageChoice(label=gettext_lazy("The way back leads to"), nothing=NOWHERE)

    def context(self, block: Block, scene: Scene) -> dict[str, Any]:
        settings = block["settings"]
        records = readable(settings, scene)
        columns = columns_of(records.layout, settings["fields"])
        require(records.layout, settings["title"])
        shown = shown_row(block, records, scene)
        if shown is None:
            return {"row": None}
        row, title = shown.row, records.layout.columns.get(settings["title"])
        may_edit = settings["edit_page"] and scene.may("change")
        return {
            "row": row,
            "title": (title and shown.text(title)) or _("Row %(id)d") % {"id": row["id"]},
            "cells": [(column.label, shown.cell(column, whole=True)) for column in columns.values()],
            "offers_edit": may_edit,
            "edit_url": scene.url(settings["edit_page"], **{ROW: row["id"]}) if may_edit else "",
            "back_url": scene.url(settings["back_page"]) if settings["back_page"] else "",
        }

    def held(self, block: Block, scene: Scene, row_id: int, name: str) -> Any:
        return held_value(self.read(block["settings"]), scene, row_id, name)


def shown_row(block: Block, records: Any, scene: Scene) -> Shown | None:
    """The row the page is about as people read it, None when there is none. Raises RecordNotFound."""
    row = row_of(records, scene)
    if row is None:
        return None
    labels = records.page([{"field": "id", "op": "eq", "value": row["id"]}], size=1).labels
    return Shown(block["id"], scene, row, labels.get(row["id"], {}))


def row_of(records: Any, scene: Scene) -> dict[str, Any] | None:
    """The row the page is about; in the preview the newest one. None when there is none. Raises RecordNotFound."""
    if scene.row_id is not None:
        return records.get(scene.row_id)
    newest = [] if scene.is_live else records.find(order="-id", limit=1)
    return newest[0] if newest else None


@block_types.register
class Stat(BlockType):
    """A figure: how many rows, or the sum or average of a number."""

    kind, label, icon, family = "data.stat", gettext_lazy("Figure"), "pin", DATA
    template = "studio/blocks/stat.html"
    summary = gettext_lazy("A figure: how many rows, or the sum or average of a number.")

    class Config(LimitedForm):
        table = TableChoice()
        title = PlainText(label=gettext_lazy("Title"), required=False, max_length=150)
        measure = forms.ChoiceField(
            label=gettext_lazy("Figure"),
            initial="count",
            choices=[
                ("count", gettext_lazy("How many rows")),
                ("sum", gettext_lazy("Sum")),
                ("avg", gettext_lazy("Average")),
                ("min", gettext_lazy("Smallest")),
                ("max", gettext_lazy("Largest")),
            ],
        )
        field = FieldChoice(label=gettext_lazy("Of the field"), fits=lambda field_type: field_type.is_number)
        field_order = ["table", "title", "measure", "field"]

        def clean(self) -> dict[str, Any]:
            data = super().clean()
            if data.get("measure") != "count" and not data.get("field") and "field" not in self.errors:
                self.add_error("field", _("Choose a field with numbers."))
            return data

    def context(self, block: Block, scene: Scene) -> dict[str, Any]:
        settings = block["settings"]
        records = readable(settings, scene)
        for name in (settings["field"], settings["where_field"]):
            require(records.layout, name)
        if settings["measure"] == "count":
            value = Decimal(records.count(limits_of(settings)))
        else:
            value = records.measure(settings["measure"], settings["field"], limits_of(settings))
        return {"title": settings["title"] or records.layout.label, "value": _figure(value)}

    def hint(self, settings: Mapping[str, Any], tables: Mapping[str, Any]) -> str:
        return settings.get("title") or super().hint(settings, tables)


def _figure(value: Decimal | None) -> str:
    if value is None:
        return "–"
    with localcontext(prec=100):  # sums may be long
        shortest = round(value, 2).normalize()
    return formats.number_format(Decimal(f"{shortest:f}"), force_grouping=True)
