"""Console pages of people, organizations and the kernel's tables."""

from django.contrib import admin
from django.contrib.auth.models import Group

from nocode.foundation.admin import (  # noqa: F401
    account,
    attempts,
    billing,
    email,
    event,
    invitation,
    notification,
    organization,
    queue,
    token,
    user,
)

# Roles in organizations say what people may do; Django's groups mean nothing here.
admin.site.unregister(Group)
