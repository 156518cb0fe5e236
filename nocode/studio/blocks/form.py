"""A form that adds or edits a row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.foundation.errors import PermissionRefused
from nocode.studio.blocks.base import Block, BlockType, block_types
from nocode.studio.blocks.config import BlockForm, FieldList, PageChoice, PlainText, TableChoice
from nocode.studio.blocks.data import ALL_FIELDS, DATA, row_of, shown_row
from nocode.studio.blocks.rows import columns_of, fields_of, held_value, plain, readable
from nocode.studio.blocks.scene import ROW, Scene
from nocode.studio.fields.file import FilesWidget
from nocode.studio.fields.links import RowsWidget
from nocode.studio.forms import RowForm

DELETE = "_delete"  # the name of the button that deletes


@dataclass(frozen=True)
class Done:
    """What a form did: the row it wrote or deleted, what to tell the person, and where to go."""

    row: dict[str, Any]
    message: str
    url: str


@block_types.register
class RowFields(BlockType):
    """A form that adds a row, or edits the row the page is about."""

    kind, label, icon, family = "data.form", gettext_lazy("Form"), "edit_note", DATA
    template = "studio/blocks/form.html"
    summary = gettext_lazy("A form that adds a row, or edits the row the page is about.")

    class Config(BlockForm):
        table = TableChoice()
        title = PlainText(label=gettext_lazy("Title"), required=False, max_length=150)
        mode = forms.ChoiceField(
            label=gettext_lazy("What it does"),
            initial="row",
            choices=[
                ("row", gettext_lazy("Edit the page's row; add one when there is none")),
                ("add", gettext_lazy("Always add a row")),
            ],
        )
        fields = FieldList(label=gettext_lazy("Fields to fill in"), help_text=ALL_FIELDS)
        button = PlainText(label=gettext_lazy("Words on the button"), required=False, max_length=60)
        then = PageChoice(label=gettext_lazy("Afterwards go to"), nothing=gettext_lazy("(stay on this page)"))
        can_delete = forms.BooleanField(
            label=gettext_lazy("Offer to delete the row"),
            required=False,
            help_text=gettext_lazy("Asks once more first."),
        )
        after_delete = PageChoice(label=gettext_lazy("After deleting go to"), nothing=gettext_lazy("(as after saving)"))

        def clean_fields(self) -> list[str]:
            """A row cannot be added without what its table requires."""
            chosen = self.cleaned_data["fields"]
            missing = [each.label for name, each in self.columns().items() if each.required and name not in chosen]
            if chosen and missing:
                raise forms.ValidationError(_("The table also needs a value for: %s.") % ", ".join(missing))
            return chosen

    def context(self, block: Block, scene: Scene) -> dict[str, Any]:
        settings = block["settings"]
        form = scene.invalid.get(block["id"]) or self._form(block, scene)
        if any(isinstance(field.widget, RowsWidget) for field in form.fields.values()):
            scene.has_choosers = True
        may_delete = settings["can_delete"] and form.row and scene.may("delete")
        facts = self._computed(block, scene, form)
        return {"form": form, "facts": facts, "may_delete": may_delete, "delete_name": DELETE}

    def held(self, block: Block, scene: Scene, row_id: int, name: str) -> Any:
        return held_value(self.read(block["settings"]), scene, row_id, name)

    def table_behind(self, block: Block, scene: Scene, name: str) -> str | None:
        """The id of the table that a relation in this form leads to, for whoever may fill it in. Raises NoCodeError."""
        settings = self.read(block["settings"])
        layout = readable(settings, scene).layout
        field = layout.writable.get(name) if name in fields_of(layout, settings["fields"]) else None
        if field is None or not field.type.is_relation or not (scene.may("add") or scene.may("change")):
            return None
        return field.settings["table"]

    def submit(
        self, block: Block, scene: Scene, data: Mapping[str, Any], files: Mapping[str, Any] | None = None
    ) -> Done | RowForm:
        """Write what was posted, or answer the form that says why that was refused.

        Show the refused form by drawing the page again with `invalid={block["id"]: form}` in the scene. Raises
        NoCodeError when the row, the table or the right is missing.
        """
        block = {**block, "settings": self.read(block["settings"])}
        form, records = self._form(block, scene, data, files), readable(block["settings"], scene)
        if DELETE in data and block["settings"]["can_delete"] and form.row:
            self._require(scene, "delete")
            row = records.delete(form.row["id"])
            return Done(row, _("Row %(id)d was deleted.") % {"id": row["id"]}, self._after_delete(block, scene))
        row = form.save(records) if form.is_valid() else None
        if row is None:
            return form
        message = _("Row %(id)d was saved.") if form.row else _("Row %(id)d was added.")
        return Done(row, message % {"id": row["id"]}, self._next(block, scene, row["id"]))

    @staticmethod
    def _next(block: Block, scene: Scene, row_id: int) -> str:
        """The page chosen for that, about the row that was written; else the page the form is on."""
        then = block["settings"]["then"]
        return scene.url(then, **{ROW: row_id}) if then else scene.here()

    @staticmethod
    def _after_delete(block: Block, scene: Scene) -> str:
        """The page chosen for that; else where saving leads, without the row that is gone."""
        settings = block["settings"]
        page = settings["after_delete"] or settings["then"]
        return scene.url(page) if page else scene.here(**{ROW: None})

    @staticmethod
    def _computed(block: Block, scene: Scene, form: RowForm) -> list[tuple[str, SafeString]]:
        """What the fields of the row say that nobody fills in."""
        if form.row is None:
            return []
        columns = columns_of(form.layout, block["settings"]["fields"]).values()
        computed = [column for column in columns if not column.is_writable]
        shown = shown_row(block, readable(block["settings"], scene), scene) if computed else None
        return [(column.label, shown.cell(column, whole=True)) for column in computed] if shown else []

    def _form(
        self,
        block: Block,
        scene: Scene,
        data: Mapping[str, Any] | None = None,
        files: Mapping[str, Any] | None = None,
    ) -> RowForm:
        settings = block["settings"]
        records = readable(settings, scene)
        fields = fields_of(records.layout, settings["fields"])
        row = row_of(records, scene) if settings["mode"] == "row" else None
        self._require(scene, "change" if row else "add")
        options = {"auto_id": f"{block['id']}-%s", "use_required_attribute": False}
        form = RowForm(records.layout, data, files, row=row, names=fields, **options)
        for field in form.fields.values():
            plain(field.widget)
        for name in form.names:
            _settle(form.fields[f"value_{name}"].widget, form, name, block, scene)
        return form

    @staticmethod
    def _require(scene: Scene, action: str) -> None:
        refusals = {
            "add": _("Your role does not allow you to add rows here."),
            "change": _("Your role does not allow you to change rows here."),
            "delete": _("Your role does not allow you to delete rows here."),
        }
        if not scene.may(action):
            raise PermissionRefused(refusals[action])


def _settle(widget: forms.Widget, form: RowForm, name: str, block: Block, scene: Scene) -> None:
    """Tell an input where it is: rows are searched, and files are found, at addresses of the scene."""
    if isinstance(widget, RowsWidget):
        field = form.layout.fields[name]
        widget.address, widget.few = scene.choices_url(block["id"], field), scene.few_rows(field.settings["table"])
    elif isinstance(widget, FilesWidget):
        kept = {file["id"] for file in (form.row and form.row[name]) or ()}
        widget.address = lambda file: (
            scene.file_url(block["id"], form.row["id"], name, file) if file["id"] in kept else ""
        )
