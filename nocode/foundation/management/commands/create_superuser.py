"""`manage.py create_superuser`: an administrator, asked for or given by a script."""

import getpass
import os
import sys

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import ProgrammingError

from nocode.foundation.models import User

EMAIL, PASSWORD = "SUPERUSER_EMAIL", "SUPERUSER_PASSWORD"  # noqa: S105 — names of variables


class Command(BaseCommand):
    """Creates one administrator. There is no default password, and a weak one is refused."""

    help = (
        "Create an administrator. Scripts give --email and, so that it shows in no process list, the password in "
        f"{PASSWORD} or on standard input (--password-stdin). People are asked for what is missing."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("--email", default=os.environ.get(EMAIL), help=f"e-mail address (or {EMAIL})")
        parser.add_argument("--name", default="", help="name to show")
        parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
        parser.add_argument("--noinput", action="store_true", help="ask nothing; fail when something is missing")

    def handle(self, **options) -> None:
        ask = sys.stdin.isatty() and not options["noinput"]
        user = User(email=self._email(options["email"], ask=ask), name=options["name"])
        password = self._password(options["password_stdin"], ask=ask)
        try:
            validate_password(password, user)
        except ValidationError as weak:
            raise CommandError(" ".join(weak.messages)) from weak
        User.objects.create_superuser(user.email, password, name=user.name)
        self.stdout.write(self.style.SUCCESS(f"Created {user.email}."))

    def _email(self, given: str | None, *, ask: bool) -> str:
        email = given or (input("E-mail address: ") if ask else "")
        email = email.strip().lower()
        if not email:
            raise CommandError(f"An e-mail address is needed: --email or {EMAIL}.")
        try:
            validate_email(email)
        except ValidationError as invalid:
            raise CommandError(f"{email} is not an e-mail address.") from invalid
        try:
            taken = User.objects.filter(email=email).exists()
        except ProgrammingError as no_table:
            raise CommandError("The tables are not there yet. Run: python3 manage.py migrate") from no_table
        if taken:
            raise CommandError(f"{email} exists already.")
        return email

    def _password(self, from_stdin: bool, *, ask: bool) -> str:
        if from_stdin:
            return sys.stdin.readline().rstrip("\n")
        given = os.environ.get(PASSWORD)
        if given:
            return given
        if not ask:
            raise CommandError(f"A password is needed: {PASSWORD} or --password-stdin.")
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise CommandError("The two passwords differ.")
        return password
