"""Where people fill in the forms that start workflows."""

from django.urls import path

from nocode.automation.views.public_forms import public_form

urlpatterns = [path("forms/<str:token>/", public_form, name="public_form")]
