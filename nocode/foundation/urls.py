"""Pages outside the console, where people get in."""

from django.urls import path

from nocode.foundation.views import invitations, passwords

urlpatterns = [
    path("invitations/<str:token>/", invitations.invitation, name="invitation"),
    path("password/forgot/", passwords.password_forgot, name="password_forgot"),
    path("password/forgot/sent/", passwords.password_forgot_sent, name="password_forgot_sent"),
    path("password/reset/<str:uid>/<str:token>/", passwords.password_reset, name="password_reset"),
]
