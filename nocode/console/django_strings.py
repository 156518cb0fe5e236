"""Sentences of Django that take the name of a model; in French they need its article, or say "l’objet".

Named here so that `makemessages` collects them into our own catalogue, which wins; nothing imports this file.
"""

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext

TEXTS = [
    _("Add %s"),
    _("Add another %(verbose_name)s"),
    _("Change %s"),
    _("Delete multiple objects"),
    _("Delete selected %(verbose_name_plural)s"),
    _("Select %s"),
    _("Select %s to change"),
    _("Select %s to view"),
    _("The %(name)s “%(obj)s” was deleted successfully."),
    _("The {name} “{obj}” was added successfully."),
    _("The {name} “{obj}” was added successfully. You may add another {name} below."),
    _("The {name} “{obj}” was changed successfully."),
    _("The {name} “{obj}” was changed successfully. You may add another {name} below."),
    _("The {name} “{obj}” was changed successfully. You may edit it again below."),
    _("View %s"),
    _("You may edit it again below."),
    _(
        'Are you sure you want to delete the %(object_name)s "%(escaped_object)s"? All of the following related items '
        "will be deleted:"
    ),
    _(
        "Deleting the %(object_name)s '%(escaped_object)s' would result in deleting related objects, but your account "
        "doesn't have permission to delete the following types of objects:"
    ),
    _(
        "Deleting the %(object_name)s '%(escaped_object)s' would require deleting the following protected related "
        "objects:"
    ),
    _(
        "Are you sure you want to delete the selected %(objects_name)s? All of the following objects and their related "
        "items will be deleted:"
    ),
    # simple_history
    _("Change history: %s"),
    _("Press the 'Revert' button below to revert to this version of the object."),
    _("Revert %s"),
    _("View history: %s"),
]

CHANGED = ngettext("%(count)s %(name)s was changed successfully.", "%(count)s %(name)s were changed successfully.", 1)
