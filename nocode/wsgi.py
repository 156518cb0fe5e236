"""Entry point for WSGI servers."""

import os

from django.core.wsgi import get_wsgi_application

from nocode.db.limits import limit_statements

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nocode.settings")
application = get_wsgi_application()
limit_statements()
