"""Every setting of NoCode, read top to bottom. The environment overrides; `.env.example` lists the variables."""

import os
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from nocode.settings.env import (
    database_from_url,
    env,
    env_bool,
    env_choice,
    env_decimal,
    env_int,
    env_list,
    mail_sender,
    mail_server_from_url,
)
from nocode.settings.unfold import UNFOLD  # noqa: F401
from nocode.setup.secrets import instance_secret

BASE_DIR = Path(__file__).resolve().parents[2]
NOCODE_HOME = Path(os.environ.get("NOCODE_HOME", BASE_DIR / ".nocode"))

# --- Web --------------------------------------------------------------------------------
DEBUG = env_bool("DEBUG")
SECRET_KEY = os.environ.get("SECRET_KEY") or instance_secret(NOCODE_HOME, "secret_key")
# Stored secrets are encrypted with the first key and decrypted with any: put a new one in front to rotate.
NOCODE_ENCRYPTION_KEYS = env_list("NOCODE_ENCRYPTION_KEYS") or [instance_secret(NOCODE_HOME, "encryption_key")]
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
ROOT_URLCONF = "nocode.urls"
# Addresses that only programs call: answered without sessions, forms and messages. They are part of ROOT_URLCONF too.
PROGRAMS_URLCONF = "nocode.automation.hook_urls"
WSGI_APPLICATION = "nocode.wsgi.application"
# The address people reach this installation at, for links in pages and e-mails; empty means "as requested".
PUBLIC_URL = env("PUBLIC_URL", "").rstrip("/")
SECURE_COOKIES = env_bool("SECURE_COOKIES")
SESSION_ENGINE = "nocode.foundation.sessions"  # knows whose each session is
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env_bool("BEHIND_HTTPS_PROXY") else None
# How many reverse proxies in front of us write X-Forwarded-For; 0 means the header is not believed.
TRUSTED_PROXIES = env_int("TRUSTED_PROXIES", 0)
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # the page of a table sends some ten for each of its fields

INSTALLED_APPS = [
    "nocode.console.apps.ConsoleConfig",
    "nocode.insights",
    "nocode.runtime",
    "nocode.automation",
    "nocode.studio",
    "nocode.foundation",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.simple_history",
    "nocode.console.apps.ConsoleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "django_htmx",
    "simple_history",
    "django_q",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "nocode.foundation.middleware.RequestIdMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "nocode.foundation.middleware.TooSlowMiddleware",
    "nocode.foundation.middleware.ProgramsMiddleware",  # what follows is for people
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Unfold runs Alpine, which needs 'unsafe-eval'; every script still comes from our own origin and none is inline.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'", "'unsafe-eval'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'", "data:"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "base-uri": ["'self'"],
    },
}

# --- Data -------------------------------------------------------------------------------
DATABASES = {
    "default": {
        "ENGINE": "nocode.db",
        **(
            database_from_url(os.environ["DATABASE_URL"])
            if os.environ.get("DATABASE_URL")
            else {"NAME": "nocode", "EMBEDDED": {"home": NOCODE_HOME}}
        ),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    },
}
# Seconds a statement of a web process may take, so that no visitor keeps the database busy; 0 means any.
WEB_STATEMENT_TIMEOUT = env_int("WEB_STATEMENT_TIMEOUT", 15)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# --- People -----------------------------------------------------------------------------
AUTH_USER_MODEL = "foundation.User"
AUTHENTICATION_BACKENDS = ["nocode.foundation.permissions.MembershipBackend"]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

PASSWORD_RESET_TIMEOUT = 24 * 60 * 60

# --- E-mail -----------------------------------------------------------------------------
# None: nothing is sent. E-mails are kept, and whoever invites is shown the link to pass on.
EMAIL_SERVER = mail_server_from_url(env("EMAIL_URL", ""))
EMAIL_FROM = DEFAULT_FROM_EMAIL = mail_sender(env("EMAIL_FROM", ""), required=EMAIL_SERVER is not None)

# --- Words and time ---------------------------------------------------------------------
LANGUAGE_CODE = env("LANGUAGE_CODE", "en")
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "nocode" / "locale"]
FORMAT_MODULE_PATH = ["nocode.formats"]
TIME_ZONE = env("TIME_ZONE", "UTC")
USE_I18N = USE_TZ = True
USE_THOUSAND_SEPARATOR = True  # one look of numbers: in figures, lists and tables

# --- Files ------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = NOCODE_HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
# Without `collectstatic` (development, `up`) the finders serve files as they are; production fingerprints them.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "nocode.foundation.staticfiles.FingerprintedFiles"
            if env_bool("STATIC_MANIFEST")
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}

# --- Queue ------------------------------------------------------------------------------
# django-q2 on our PostgreSQL broker; QUEUE_BROKER may name another of its brokers.
Q_CLUSTER = {
    "name": "nocode",
    "workers": env_int("QUEUE_WORKERS", 2, minimum=1),
    "timeout": 300,
    "retry": 360,
    "max_attempts": 5,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": 1000,
    # A worker is replaced after this many tasks, or when it has grown to this size (KiB).
    "recycle": 100_000,
    "max_rss": 400_000,
    # Seconds the current tasks have to end when the cluster is told to stop.
    "stop_grace": 10,
    "label": _("Background tasks"),
    "broker_class": env("QUEUE_BROKER", "nocode.foundation.queue.broker.PostgresBroker"),
}

# --- Studio -----------------------------------------------------------------------------
# What people throw away can be brought back for this many days: projects, tables, fields, values lost in conversions.
NOCODE_TRASH_DAYS = env_int("NOCODE_TRASH_DAYS", 30, minimum=1)
# What became of rows is kept for this many days.
NOCODE_HISTORY_DAYS = env_int("NOCODE_HISTORY_DAYS", 180, minimum=1)

# --- Automation -------------------------------------------------------------------------
# Addresses the HTTP request step may reach although they are private or loopback: host, host:port or CIDR.
OUTGOING_HTTP_ALLOW = env_list("OUTGOING_HTTP_ALLOW")
WEBHOOK_MAX_BODY_BYTES = env_int("WEBHOOK_MAX_BODY_BYTES", 1024 * 1024, minimum=1)
# Finished executions are deleted after this many days, where their workflow does not say otherwise.
EXECUTION_RETENTION_DAYS = env_int("EXECUTION_RETENTION_DAYS", 30, minimum=1)
LIVE_POLL_FAST, LIVE_POLL_SLOW = env_int("LIVE_POLL_FAST", 2, minimum=1), env_int("LIVE_POLL_SLOW", 3, minimum=1)

# --- Billing ----------------------------------------------------------------------------
# Who writes the invoices; in variables that hold several lines, `\n` begins a new one.
BILLING_SELLER = {
    "name": env("BILLING_SELLER_NAME", "NoCode"),
    "address": env("BILLING_SELLER_ADDRESS", "").replace("\\n", "\n"),
    "tax_id": env("BILLING_SELLER_TAX_ID", ""),
}
BILLING_TAX_RATE = env_decimal("BILLING_TAX_RATE", "0")
BILLING_DUE_DAYS = env_int("BILLING_DUE_DAYS", 14)
# How invoices are paid, and the sentence about it that is printed on them.
BILLING_PROVIDER = env("BILLING_PROVIDER", "manual")
BILLING_PAYMENT_TEXT = env("BILLING_PAYMENT_TEXT", "").replace("\\n", "\n")

# --- Logs -------------------------------------------------------------------------------
# Each change of an object people made is told: "Updated Workflow: <id>". OFF tells none.
MODEL_CHANGES_LOG_LEVEL = env_choice("MODEL_CHANGES_LOG_LEVEL", "INFO", ["OFF", "DEBUG", "INFO", "WARNING"])
# Applications or models ("automation", "automation.Workflow") it is limited to; empty: all but those left out below.
MODEL_CHANGES_LOG_MODELS = env_list("MODEL_CHANGES_LOG_MODELS")
# Rows that machines write, and whatever else is not worth a line.
MODEL_CHANGES_LOG_SKIP = [
    "admin",
    "auth",
    "contenttypes",
    "django_q",
    "migrations",
    "sessions",
    "foundation.Email",
    "foundation.InvoiceCounter",
    "foundation.LoginSession",
    "foundation.Notification",
    "foundation.OutboxEvent",
    "foundation.QueuedTask",
    "foundation.Worker",
    "automation.ExecutionExport",
    "automation.ExecutionLog",
    "automation.IntegrationCall",
    "automation.NotificationDelivery",
    "automation.StepRun",
    "automation.WebhookDelivery",
    "automation.WorkflowExecution",
    "runtime.DeploymentLog",
    "studio.FileChunk",
    "studio.StoredFile",
    "studio.TableJob",
    "insights",
    *env_list("MODEL_CHANGES_LOG_SKIP"),
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "filters": {
        "hide_tokens": {"()": "nocode.foundation.logs.HideTokens"},
        "only_crashes": {"()": "nocode.foundation.logs.OnlyCrashes"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["hide_tokens"]}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", "INFO")},
    "loggers": {
        # A page that is not there or not allowed was told to the person who asked.
        "django.request": {"level": "ERROR", "filters": ["only_crashes"]},
        # They log whole addresses, and headers, which may carry secrets.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        # It tells each letter it takes from a font.
        "fontTools": {"level": "WARNING"},
        "django-q": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}
