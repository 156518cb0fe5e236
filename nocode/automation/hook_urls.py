"""Where other systems call us."""

from django.urls import path

from nocode.automation.views.api import execution
from nocode.automation.views.echo import echo
from nocode.automation.views.webhooks import webhook

urlpatterns = [
    path("hooks/<str:token>/", webhook, name="webhook"),
    path("api/executions/<uuid:pk>/", execution, name="api_execution"),
    path("echo/", echo, name="echo"),
    path("hooks/<str:token>", webhook),  # a sender that forgets the slash must not lose its body to a redirect
]
