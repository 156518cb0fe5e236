"""Where people use the applications."""

from django.urls import path

from nocode.runtime.views import served

urlpatterns = [
    path("apps/<slug:slug>/", served.app_home, name="app_home"),
    path("apps/<slug:slug>/<slug:page>/", served.app_page, name="app_page"),
]
