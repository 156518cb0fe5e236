"""Theme and menu of the console, data only; `console/navigation.py` draws the menu."""

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

# Who sees an entry: a permission held in at least one organization, SUPERUSER, or everybody (None).
SUPERUSER = "superuser"

# (group, [(title, Material symbol, URL name, who)])
MENU = [
    (
        None,
        [
            (_("Overview"), "space_dashboard", "admin:index", None),
            (_("Live"), "bolt", "admin:live", "automation.view_workflowexecution"),
        ],
    ),
    (
        _("Automation"),
        [
            (_("Workflows"), "account_tree", "admin:automation_workflow_changelist", "automation.view_workflow"),
            (
                _("Executions"),
                "history",
                "admin:automation_workflowexecution_changelist",
                "automation.view_workflowexecution",
            ),
            (_("My approvals"), "how_to_reg", "admin:approvals", None),
            (_("Integrations"), "power", "admin:automation_integration_changelist", "automation.view_integration"),
        ],
    ),
    (
        _("Studio"),
        [
            (_("Projects"), "folder_open", "admin:studio_project_changelist", "studio.view_project"),
            (_("Tables"), "table", "admin:studio_datatable_changelist", "studio.view_datatable"),
            (_("Pages"), "web", "admin:studio_page_changelist", "studio.view_page"),
        ],
    ),
    (
        _("Runtime"),
        [
            (_("Applications"), "deployed_code", "admin:runtime_generatedapp_changelist", "runtime.view_generatedapp"),
            (_("Deployments"), "rocket_launch", "admin:runtime_deployment_changelist", "runtime.view_deployment"),
        ],
    ),
    (
        _("Insights"),
        [
            (_("Activity"), "timeline", "admin:insights_useractivity_changelist", "insights.view_useractivity"),
            (_("Analytics"), "monitoring", "admin:analytics", "insights.view_dailymetric"),
        ],
    ),
    (
        _("Operations"),
        [
            (_("Queue & workers"), "memory", "admin:queue_health", SUPERUSER),
            (_("Events"), "campaign", "admin:foundation_outboxevent_changelist", "foundation.view_outboxevent"),
            (_("E-mails"), "mail", "admin:foundation_email_changelist", "foundation.view_email"),
            (_("Background tasks"), "task_alt", "admin:django_q_success_changelist", SUPERUSER),
            (_("Failed tasks"), "error", "admin:django_q_failure_changelist", SUPERUSER),
            (_("Schedules"), "schedule", "admin:django_q_schedule_changelist", SUPERUSER),
        ],
    ),
    (
        _("Access"),
        [
            (_("Organizations"), "domain", "admin:foundation_organization_changelist", "foundation.view_organization"),
            (_("Users"), "group", "admin:foundation_user_changelist", "foundation.view_user"),
            (_("Billing"), "receipt_long", "admin:billing", "foundation.view_invoice"),
        ],
    ),
]

# Lists that are in no menu → the entry that is marked as current on their pages.
PARTS = {
    "admin:automation_node_changelist": "admin:automation_workflow_changelist",
    "admin:automation_edge_changelist": "admin:automation_workflow_changelist",
    "admin:automation_trigger_changelist": "admin:automation_workflow_changelist",
    "admin:automation_workflowversion_changelist": "admin:automation_workflow_changelist",
    "admin:automation_workflowimport_changelist": "admin:automation_workflow_changelist",
    "admin:automation_webhookdelivery_changelist": "admin:automation_workflowexecution_changelist",
    "admin:automation_steprun_changelist": "admin:automation_workflowexecution_changelist",
    "admin:automation_executionexport_changelist": "admin:automation_workflowexecution_changelist",
    "admin:automation_executionlog_changelist": "admin:automation_workflowexecution_changelist",
    "admin:runtime_deploymentlog_changelist": "admin:runtime_deployment_changelist",
    "admin:foundation_invitation_changelist": "admin:foundation_organization_changelist",
    "admin:foundation_failedattempts_changelist": "admin:foundation_user_changelist",
    "admin:studio_block_changelist": "admin:studio_page_changelist",
    "admin:foundation_queuedtask_changelist": "admin:queue_health",
    "admin:foundation_worker_changelist": "admin:queue_health",
    "admin:foundation_plan_changelist": "admin:billing",
    "admin:foundation_subscription_changelist": "admin:billing",
    "admin:foundation_invoice_changelist": "admin:billing",
    "admin:foundation_invoicecounter_changelist": "admin:billing",
    "admin:insights_dailymetric_changelist": "admin:analytics",
    "admin:insights_workflowmetric_changelist": "admin:analytics",
}

UNFOLD = {
    "SITE_TITLE": "NoCode",
    "SITE_HEADER": "NoCode",
    "SITE_ICON": lambda request: static("img/nocode.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/nocode.svg")},
    ],
    "SITE_URL": None,
    "ACCOUNT": {
        "navigation": [
            {"title": _("Your account"), "link": reverse_lazy("admin:account")},
            {"title": _("Change password"), "link": reverse_lazy("admin:password_change")},
        ]
    },
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "6px",
    "COLORS": {
        # 600 is dark enough for white text (WCAG AA), 400 light enough on the dark theme.
        "primary": {
            "50": "oklch(97.3% .014 278)",
            "100": "oklch(94.3% .029 278)",
            "200": "oklch(89.2% .055 278)",
            "300": "oklch(81.5% .098 278)",
            "400": "oklch(71.5% .145 278)",
            "500": "oklch(64% .18 278)",
            "600": "oklch(50% .2 278)",
            "700": "oklch(44% .185 278)",
            "800": "oklch(38% .155 278)",
            "900": "oklch(32% .115 278)",
            "950": "oklch(24% .085 278)",
        },
    },
    "LOGIN": {"form": "nocode.console.forms.LoginForm"},
    "STYLES": [
        lambda request: static("css/palette.css"),
        lambda request: static("css/tokens.css"),
        lambda request: static("css/console.css"),
        lambda request: static("css/lists.css"),
    ],
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
    },
}
