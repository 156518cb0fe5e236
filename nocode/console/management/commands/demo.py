"""`demo`: load the demo organization, or remove it."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from nocode.console import demo
from nocode.foundation.logs import warnings_only
from nocode.foundation.models import User


class Command(BaseCommand):
    help = "Load a demo organization: two tables, two workflows and an application; --remove deletes all of it."

    def add_arguments(self, parser):
        parser.add_argument("--remove", action="store_true", help="delete the demo and everything in it")
        parser.add_argument("--force", action="store_true", help="with --remove: also delete what people made in there")
        parser.add_argument("--owner", help="e-mail address of its owner (default: the first superuser)")
        parser.add_argument(
            "--language", choices=dict(settings.LANGUAGES), default=settings.LANGUAGE_CODE, help="language of the demo"
        )

    def handle(self, **options):
        if options["remove"]:
            try:
                removed = demo.remove(force=options["force"])
            except demo.HoldsOwnWork as refusal:
                raise CommandError(f"{refusal} Add --force to delete all of it.") from None
            return "The demo was removed." if removed else "There is no demo to remove."
        owner = self._owner(options["owner"])
        with warnings_only():
            organization = demo.load(owner, options["language"])
        return f"The demo organization is “{organization}”."

    @staticmethod
    def _owner(email: str | None) -> User:
        found = User.objects.filter(email=email.lower()) if email else User.objects.filter(is_superuser=True)
        if owner := found.order_by("pk").first():
            return owner
        who = f"person with the e-mail address {email}" if email else "superuser"
        raise CommandError(f"There is no {who}. Create one with: python3 manage.py create_superuser")
