"""Where people answer without the console: forms that start workflows, and questions that came by e-mail."""

from django.urls import path

from nocode.automation.views.approvals import approval_link
from nocode.automation.views.public_forms import public_form

urlpatterns = [
    path("forms/<str:token>/", public_form, name="public_form"),
    path("approvals/<str:token>/", approval_link, name="approval_link"),
]
