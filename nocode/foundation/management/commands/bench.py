"""`manage.py bench NAME`: measure, on a scratch database that is dropped afterwards; kept where filling it is long."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils.translation import gettext as _

PACKAGE = "tests.benchmarks"


class Command(BaseCommand):
    """Runs the measurements of one module of tests/benchmarks."""

    help = _("Measure, on a scratch database; without a name, list the benchmarks.")

    def add_arguments(self, parser):
        parser.add_argument("name", nargs="?", help=_("which benchmark"))
        parser.add_argument("--rounds", type=int, default=5, help=_("samples per figure"))
        parser.add_argument("--quick", action="store_true", help=_("small amounts: rough figures soon"))
        parser.add_argument("--fresh", action="store_true", help=_("fill the database anew that an earlier run left"))
        parser.add_argument("--json", type=Path, metavar="FILE", help=_("append the figures to this file"))

    def handle(self, *args, **options):
        try:
            harness = import_module(f"{PACKAGE}.harness")
        except ModuleNotFoundError as error:
            raise CommandError(_("The benchmarks are not part of this installation.")) from error
        name = options["name"]
        if name not in (names := benchmarks()):
            raise CommandError(_("Choose one of: %s") % ", ".join(names))
        keeps = getattr(import_module(f"{PACKAGE}.{name}"), "KEEPS_DATA", False)
        bench = harness.Bench(quick=options["quick"])
        real_name = connection.settings_dict["NAME"]
        connection.settings_dict["TEST"]["NAME"] = scratch = f"bench_{name}_{real_name}"
        is_left = keeps and not options["fresh"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False, keepdb=is_left)
        try:
            figures, skipped = harness.run(bench, options["rounds"], self.stderr.write)
            self.stdout.write(harness.table(figures, skipped))
            if options["json"]:
                harness.append_json(options["json"], name, figures, options["quick"])
        finally:
            connection.creation.destroy_test_db(real_name, verbosity=0, keepdb=keeps)
            if keeps:
                self.stderr.write(_("The database “%s” stays for the next run; it can be dropped.") % scratch)


def benchmarks() -> list[str]:
    """The modules that measure something."""
    modules = iter_modules(import_module(PACKAGE).__path__)
    return sorted(each.name for each in modules if each.name != "harness" and not each.name.startswith("_"))
