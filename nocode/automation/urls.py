"""The console's pages of automation; the site puts `console_urls` under /admin/, in the namespace `admin`."""

from django.urls import path

from nocode.automation.views import (
    builder,
    integrations,
    lifecycle,
    notifications,
    run_actions,
    run_files,
    run_steps,
    runs,
    triggers,
)

console_urls = [
    path("live/", runs.live, name="live"),
    path("live/rows/", runs.live_rows, name="live_rows"),
    path("live/<uuid:pk>/", runs.execution_detail, name="execution_detail"),
    path("live/<uuid:pk>/panel/", runs.execution_panel, name="execution_panel"),
    path("live/<uuid:pk>/download/", run_files.execution_download, name="execution_download"),
    path("live/<uuid:pk>/export/", run_files.execution_export, name="execution_export"),
    path("live/<uuid:pk>/export/file/", run_files.execution_export_file, name="execution_export_file"),
    path("live/<uuid:pk>/input/", run_files.execution_input, name="execution_input"),
    path("live/<uuid:pk>/cancel/", run_actions.execution_cancel, name="execution_cancel"),
    path("live/<uuid:pk>/retry/", run_actions.execution_retry, name="execution_retry"),
    path("live/<uuid:pk>/values/<int:step>/<slug:name>/", run_files.execution_value, name="execution_value"),
    path("live/<uuid:pk>/steps/<slug:key>/", run_steps.execution_step, name="execution_step"),
    path("live/<uuid:pk>/steps/<slug:key>/retry/", run_actions.execution_retry_step, name="execution_retry_step"),
    path("automation/workflow/<uuid:pk>/publish/", lifecycle.workflow_publish, name="workflow_publish"),
    path("automation/workflow/<uuid:pk>/pause/", lifecycle.workflow_pause, name="workflow_pause"),
    path("automation/workflow/<uuid:pk>/resume/", lifecycle.workflow_resume, name="workflow_resume"),
    path("automation/workflow/<uuid:pk>/archive/", lifecycle.workflow_archive, name="workflow_archive"),
    path("automation/workflow/<uuid:pk>/run/", lifecycle.workflow_run, name="workflow_run"),
    path("automation/workflow/<uuid:pk>/versions/<int:number>/", lifecycle.workflow_version, name="workflow_version"),
    path("automation/workflow/<uuid:pk>/connect/", builder.connection_add, name="connection_add"),
    path("automation/edge/<uuid:pk>/remove/", builder.connection_delete, name="connection_delete"),
    path("automation/node/<uuid:pk>/remove/", builder.step_delete, name="step_delete"),
    path("automation/node/<uuid:pk>/duplicate/", builder.step_duplicate, name="step_duplicate"),
    path("automation/node/<uuid:pk>/earlier/", builder.step_earlier, name="step_earlier"),
    path("automation/trigger/<uuid:pk>/secret/", triggers.trigger_secret, name="trigger_secret"),
    path("automation/trigger/<uuid:pk>/address/", triggers.trigger_address, name="trigger_address"),
    path("automation/notifications/", notifications.my_notifications, name="my_notifications"),
    path(
        "automation/notifications/<uuid:pk>/",
        notifications.organization_notifications,
        name="organization_notifications",
    ),
    path(
        "automation/workflow/<uuid:pk>/notifications/",
        notifications.workflow_notifications,
        name="workflow_notifications",
    ),
    path(
        "automation/workflow/<uuid:pk>/notifications/forget/",
        notifications.workflow_notifications_forget,
        name="workflow_notifications_forget",
    ),
    path("automation/integration/<uuid:pk>/test/", integrations.integration_test, name="integration_test"),
    path("automation/trigger/preview/", triggers.schedule_preview, name="schedule_preview"),
]
