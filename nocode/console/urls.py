"""The console's own pages; the site puts them under /admin/."""

from django.urls import path

from nocode.console import views

console_urls = [
    path("queue/", views.queue_health, name="queue_health"),
    path("queue/panel/", views.queue_panel, name="queue_panel"),
]
