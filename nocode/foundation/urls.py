"""Pages outside the console, where people get in; and the console's own, which the site puts under /admin/."""

from django.urls import path

from nocode.foundation.views import account, billing, invitations, leaving, notifications, passwords, tokens

urlpatterns = [
    path("invitations/<str:token>/", invitations.invitation, name="invitation"),
    path("address/<str:token>/", account.address_confirm, name="address_confirm"),
    path("password/forgot/", passwords.password_forgot, name="password_forgot"),
    path("password/forgot/sent/", passwords.password_forgot_sent, name="password_forgot_sent"),
    path("password/reset/<str:uid>/<str:token>/", passwords.password_reset, name="password_reset"),
]

console_urls = [
    path("logout/", leaving.log_out, name="logout"),
    path("account/", account.account, name="account"),
    path("account/name/", account.account_name, name="account_name"),
    path("account/address/", account.account_address, name="account_address"),
    path("account/address/cancel/", account.account_address_cancel, name="account_address_cancel"),
    path("account/tokens/", tokens.tokens, name="tokens"),
    path("account/tokens/<uuid:pk>/delete/", tokens.token_delete, name="token_delete"),
    path("account/sessions/end/", account.account_sessions_end, name="account_sessions_end"),
    path("account/sessions/<str:handle>/end/", account.account_session_end, name="account_session_end"),
    path("billing/", billing.billing, name="billing"),
    path("billing/<uuid:pk>/", billing.billing_organization, name="billing_organization"),
    path("billing/<uuid:pk>/change/", billing.billing_change, name="billing_change"),
    path("billing/<uuid:pk>/cancel/", billing.billing_cancel, name="billing_cancel"),
    path("billing/<uuid:pk>/resume/", billing.billing_resume, name="billing_resume"),
    path("billing/invoices/<uuid:pk>/", billing.invoice_document, name="invoice_document"),
    path("billing/invoices/<uuid:pk>/download/", billing.invoice_download, name="invoice_download"),
    path("notifications/count/", notifications.notification_count, name="notification_count"),
    path("notifications/latest/", notifications.notification_latest, name="notification_latest"),
    path("notifications/read/", notifications.notification_read_all, name="notification_read_all"),
    path("notifications/<uuid:pk>/", notifications.notification_open, name="notification_open"),
]
