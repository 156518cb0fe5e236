"""The console's pages of the runtime; the site puts `console_urls` under /admin/, in the namespace `admin`."""

from django.urls import path

from nocode.runtime.views import application, deployments

console_urls = [
    path("runtime/generatedapp/<uuid:pk>/deploy/", application.app_deploy, name="app_deploy"),
    path("runtime/generatedapp/<uuid:pk>/archive/", application.app_archive, name="app_archive"),
    path("runtime/generatedapp/<uuid:pk>/restore/", application.app_restore, name="app_restore"),
    path("runtime/deployment/<uuid:pk>/", deployments.deployment_detail, name="deployment_detail"),
    path("runtime/deployment/<uuid:pk>/panel/", deployments.deployment_panel, name="deployment_panel"),
    path("runtime/deployment/<uuid:pk>/roll-back/", deployments.deployment_roll_back, name="deployment_roll_back"),
]
