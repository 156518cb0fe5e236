"""Files and pictures. A row holds a list of what its files are; what is in them is in StoredFile."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import psycopg2.extras
from django import forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import sql
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from nocode.foundation.json_text import check_storable, read_json
from nocode.studio.fields.base import EMPTINESS, NO_SETTINGS, FieldType, Settings, field_types
from nocode.studio.fields.conversions import all_of, call

if TYPE_CHECKING:
    from nocode.studio.layouts import Layout

Address = Callable[[Mapping], str]  # where a file is; empty where it cannot be had

MOST_FILES = 20  # of one value
MEGABYTE = 1024 * 1024
LARGEST = 25  # megabytes
_KEYS = {"id", "name", "size", "type"}
_ID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
# Pictures that a browser may show in our own pages: they hold no scripts. The first bytes tell them, not the name.
PICTURES = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}


def picture_type(beginning: bytes) -> str | None:
    """The type of a picture that begins like this; None when it is none that we show."""
    return next((name for name, signature in PICTURES.items() if signature.match(beginning)), None)


@field_types.register
class File(FieldType):
    """Files: documents, sheets, anything."""

    kind, label, column = "file", gettext_lazy("File"), "jsonb"
    can_be_unique = sortable = False
    is_upload = True
    operators = EMPTINESS
    takes: tuple[str, ...] = ()  # the types it is limited to

    class Config(Settings):
        most = forms.IntegerField(
            label=gettext_lazy("Most files"),
            min_value=1,
            max_value=MOST_FILES,
            required=False,
            widget=UnfoldAdminIntegerFieldWidget(),
            help_text=gettext_lazy("In one row; empty: 20."),
        )
        largest = forms.IntegerField(
            label=gettext_lazy("Largest file (MB)"),
            min_value=1,
            max_value=LARGEST,
            required=False,
            widget=UnfoldAdminIntegerFieldWidget(),
            help_text=gettext_lazy("Empty: 25."),
        )

    def most(self, settings: Mapping) -> int:
        """How many files one row may have."""
        return settings.get("most") or MOST_FILES

    def largest(self, settings: Mapping) -> int:
        """The bytes one file may have."""
        return (settings.get("largest") or LARGEST) * MEGABYTE

    def to_text(self, value: sql.Composable, settings: dict) -> sql.Composable:
        return call("json_text", value)

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        return call("try_files", text, self.most(settings))

    def constraint(self, column: sql.Composable, settings: dict) -> sql.Composable | None:
        return all_of(
            sql.SQL("jsonb_typeof({}) = 'array'").format(column),
            sql.SQL("jsonb_array_length({}) BETWEEN 1 AND {}").format(column, sql.Literal(self.most(settings))),
        )

    def parse(self, value: Any) -> list[dict] | None:
        """A list of {"id", "name", "size", "type"}, also as JSON text; each is what an upload answered."""
        if isinstance(value, str):
            value = read_json(value) if value.strip().startswith("[") else value.strip()
        if value is None or value == "" or value == []:
            return None
        if not isinstance(value, list) or not all(_is_file(each) for each in value):
            raise ValidationError(_("it is not a list of files; upload them first"))
        check_storable(value)
        return value

    def check(self, value: list[dict], settings: dict) -> list[dict]:
        if len(value) > self.most(settings):
            raise ValidationError(_("it has %(count)d files; at most %(max)d fit") % self._told(value, settings))
        return value

    def _told(self, value: list, settings: Mapping) -> dict[str, int]:
        return {"count": len(value), "max": self.most(settings)}

    def accept(self, values: Collection[list[dict]], layout: Layout) -> None:
        """The files were uploaded for this project and are what the row says; from now on they stay."""
        described = {file["id"]: file for value in values for file in value}
        stored = apps.get_model("studio", "StoredFile").objects.filter(project=layout.project_id, pk__in=described)
        found = {str(file.pk): file for file in stored.select_for_update()}
        for key, file in described.items():
            if key not in found or describe(found[key]) != file:
                raise ValidationError(_("“%(name)s” is not there any more; upload it again") % {"name": file["name"]})
            if self.takes and file["type"] not in self.takes:
                raise ValidationError(self.refusal() % {"name": file["name"]})
        stored.filter(expires_at__isnull=False).update(expires_at=None, updated_at=timezone.now())

    def refusal(self) -> str:
        """What to say of a file, `name`, of a type it does not take."""
        return _("“%(name)s” cannot be kept here")

    def adapt(self, value: list[dict]) -> Any:
        return psycopg2.extras.Json(value)

    def to_json(self, value: str) -> Any:
        return json.loads(value)  # Django leaves jsonb as text on a raw cursor

    def plain(self, value: Any) -> Any:
        return value

    def display(self, value: Iterable[dict], settings: Mapping = NO_SETTINGS) -> str:
        return ", ".join(file["name"] for file in value)

    def cell(self, value: Iterable[dict], settings: Mapping = NO_SETTINGS) -> SafeString:
        return self.shown(value, address)

    def shown(self, value: Iterable[dict], address_of: Address) -> SafeString:
        """The files as links to where they are; an empty address leads nowhere."""
        return format_html_join(" ", "{}", ((link(file, address_of(file)),) for file in value))

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        return FilesField(self, settings, **options)


@field_types.register
class Image(File):
    """Pictures, shown small in the grid."""

    kind, label = "image", gettext_lazy("Image")
    takes = tuple(PICTURES)

    def refusal(self) -> str:
        return _("“%(name)s” is no picture that can be shown; PNG, JPEG, GIF and WebP can")

    def shown(self, value: Iterable[dict], address_of: Address) -> SafeString:
        return format_html_join(" ", "{}", ((thumbnail(file, address_of(file)),) for file in value))


def describe(file: Any) -> dict[str, Any]:
    """A StoredFile as a row keeps it."""
    return {"id": str(file.pk), "name": file.name, "size": file.size, "type": file.content_type}


def address(file: Mapping) -> str:
    """Where the console has a file."""
    return reverse("admin:studio_file", args=[file["id"]])


def link(file: Mapping, href: str) -> SafeString:
    """A file's name, leading to it."""
    shape = '<a class="c-file" href="{}">{}</a>' if href else '<span class="c-file" data-href="{}">{}</span>'
    return format_html(shape, href, file["name"])


def thumbnail(file: Mapping, href: str) -> SafeString:
    """A small picture that leads to the large one."""
    if not href:
        return link(file, href)
    picture = '<a class="c-thumb" href="{0}"><img src="{0}" alt="{1}" title="{1}" loading="lazy"></a>'
    return format_html(picture, href, file["name"])


def _is_file(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == _KEYS
        and all(isinstance(value[key], str) for key in ("id", "name", "type"))
        and isinstance(value["size"], (int, float))
        and not isinstance(value["size"], bool)
        and value["size"] >= 0
        and bool(_ID.fullmatch(value["id"]))
    )


class FilesWidget(forms.Widget):
    """The files a row has, each with a mark to keep it, and an input for more."""

    template_name = "studio/widgets/files.html"
    needs_multipart_form = True
    address: Address = staticmethod(address)  # of a file the row has: pages other than the console's have their own

    def render(self, name: str, value: Any, attrs: dict | None = None, renderer: Any = None) -> str:
        files = [each if isinstance(each, dict) else getattr(each, "kept", None) for each in value or ()]
        shown = [
            {**file, "json": json.dumps(file), "href": self.address(file), "is_picture": file["type"] in PICTURES}
            for file in files
            if file and _is_file(file)
        ]
        context = self.get_context(name, value, attrs)
        return render_to_string(self.template_name, context | {"files": shown})

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list:
        kept = data.getlist(name) if hasattr(data, "getlist") else data.get(name, [])
        new = files.getlist(f"{name}-new") if hasattr(files, "getlist") else []
        return [*([kept] if isinstance(kept, str) else kept), *new]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False  # nothing marked is an answer

    def use_required_attribute(self, initial: Any) -> bool:
        return False


class FilesField(forms.Field):
    """What is kept of the files a row had, and uploads; `Records.keep_file` makes of an upload what a row keeps."""

    def __init__(self, kind: File, settings: Mapping, **options: Any):
        super().__init__(**{"widget": FilesWidget(attrs={"accept": ",".join(kind.takes), "multiple": True}), **options})
        self.kind, self.settings = kind, settings

    def bound_data(self, data: Any, initial: Any) -> list:
        return self._read(data)

    def to_python(self, value: Any) -> list:
        return self._read(value)

    def clean(self, value: Any) -> list:
        cleaned = super().clean(value)
        for each in cleaned:
            if isinstance(each, UploadedFile):
                self._check(each)
        return cleaned

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self._read(data) != (initial or [])

    @staticmethod
    def _read(value: Any) -> list:
        """Files and uploads; what a browser sends of a file that is kept is JSON."""
        found = []
        for each in value or ():
            if isinstance(each, str):
                try:
                    each = read_json(each)
                except ValidationError:
                    continue
            if isinstance(each, (dict, UploadedFile)):
                found.append(each)
        return found

    def _check(self, upload: UploadedFile) -> None:
        told = {"name": upload.name, "limit": filesizeformat(self.kind.largest(self.settings))}
        if upload.size > self.kind.largest(self.settings):
            raise ValidationError(_("“%(name)s” is larger than %(limit)s.") % told)
        beginning = upload.read(16)
        upload.seek(0)
        if self.kind.takes and picture_type(beginning) not in self.kind.takes:
            raise ValidationError(self.kind.refusal() % told)
