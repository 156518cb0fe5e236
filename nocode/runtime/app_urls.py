"""Where people use the applications."""

from django.urls import path

from nocode.runtime.views import parts, served

PAGE = "apps/<slug:slug>/<slug:page>/"

urlpatterns = [
    path("apps/<slug:slug>/", served.app_home, name="app_home"),
    path(PAGE, served.app_page, name="app_page"),
    path(f"{PAGE}<uuid:block>/rows/<slug:name>/", parts.app_choices, name="app_choices"),
    path(f"{PAGE}<uuid:block>/<int:row>/<slug:name>/<uuid:file>/", parts.app_file, name="app_file"),
]
