"""Settings, all of them from the environment; `docs/settings.md` lists each by name."""

import os
from urllib.parse import urlsplit

import dj_database_url

from commsportal.environment import BASE_DIR, Environment, data_dir, kept_secret

DATA_DIR = data_dir()
env = Environment(DATA_DIR, os.environ)

DEPLOYMENT = env.choice("DEPLOYMENT", "development", ("demo", "development", "production"))
DEBUG = env.text("DEBUG") == "1" and DEPLOYMENT != "production"
SECRET_KEY = env.text("SECRET_KEY") or kept_secret(DATA_DIR / "secret-key")
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS")  # what was signed by these still counts

# --- where we are ---------------------------------------------------------------------------------------
PORT = env.number("PORT", 8000)
SIM_PORT = env.number("SIM_PORT", 8100)
SIM_TLS_PORT = env.number("SIM_TLS_PORT", 8143)
PUBLIC_URL = env.text("PUBLIC_URL", f"http://localhost:{PORT}").rstrip("/")
SIMULATOR_URL = env.text("SIMULATOR_URL").rstrip("/")
_public = urlsplit(PUBLIC_URL)
HTTPS = _public.scheme == "https"
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", ",".join({_public.hostname or "localhost", "localhost", "127.0.0.1"}))
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
TRUSTED_PROXIES = env.items("TRUSTED_PROXIES")  # whose X-Forwarded-* headers count
METRICS_TOKEN = env.text("METRICS_TOKEN")
API_REQUESTS_PER_MINUTE = env.number("API_REQUESTS_PER_MINUTE", 1200)
SIGN_INS_PER_MINUTE = env.number("SIGN_INS_PER_MINUTE", 120)
WEB_STATEMENT_SECONDS = env.number("WEB_STATEMENT_SECONDS", 5)

# --- calls ----------------------------------------------------------------------------------------------
RING_DECISION_SECONDS = env.number("RING_DECISION_SECONDS", 12)
PARK_SECONDS = env.number("PARK_SECONDS", 120)
CALLBACK_URL = env.text("CALLBACK_URL", f"{PUBLIC_URL}/webhooks/graph/calls")

# --- Microsoft ------------------------------------------------------------------------------------------
GRAPH_URL = env.text("GRAPH_URL", "https://graph.microsoft.com/v1.0").rstrip("/")
GRAPH_LOGIN_URL = env.text("GRAPH_LOGIN_URL", "https://login.microsoftonline.com").rstrip("/")
GRAPH_CA_FILE = env.text("GRAPH_CA_FILE")
GRAPH_TENANT_IDS = env.items("GRAPH_TENANT_ID")
GRAPH_CLIENT_ID = env.text("GRAPH_CLIENT_ID")
GRAPH_CLIENT_SECRET = env.values.get("GRAPH_CLIENT_SECRET", "")
GRAPH_CLIENT_SECRET_FILE = env.values.get("GRAPH_CLIENT_SECRET_FILE", "")
GRAPH_CERTIFICATE_FILE = env.text("GRAPH_CERTIFICATE_FILE")
GRAPH_CERTIFICATE_THUMBPRINT = env.text("GRAPH_CERTIFICATE_THUMBPRINT")
SIGN_IN_TENANTS = env.items("SIGN_IN_TENANTS", ",".join(GRAPH_TENANT_IDS))
# Whether people who sign in with Microsoft are asked to let the portal act in their own name while they are here.
MICROSOFT_DELEGATED = env.choice("MICROSOFT_DELEGATED", "off", ("off", "on"))
CALLBACK_OPENID_URLS = env.items(
    "CALLBACK_OPENID_URLS",
    "https://api.aps.skype.com/v1/.well-known/OpenIdConfiguration,"
    "https://login.botframework.com/v1/.well-known/openidconfiguration",
)
CALLBACK_ISSUERS = env.items("CALLBACK_ISSUERS", "https://graph.microsoft.com,https://api.botframework.com")
CALLBACK_AUDIENCE = env.text("CALLBACK_AUDIENCE", GRAPH_CLIENT_ID)
CALLBACK_CLOCK_SKEW = env.number("CALLBACK_CLOCK_SKEW", 60)

# --- mail -----------------------------------------------------------------------------------------------
MAIL_FROM = env.text("MAIL_FROM")  # empty: nobody is invited by mail
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_SECURITY = env.choice("EMAIL_SECURITY", "starttls", ("starttls", "tls", "none"))
EMAIL_PORT = env.number("EMAIL_PORT", {"starttls": 587, "tls": 465, "none": 25}[EMAIL_SECURITY])
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL_SECURITY == "starttls", EMAIL_SECURITY == "tls"
EMAIL_TIMEOUT = 20
EMAIL_FILE_PATH = env.text("EMAIL_FOLDER")
EMAIL_BACKEND = f"django.core.mail.backends.{'filebased' if EMAIL_FILE_PATH else 'smtp'}.EmailBackend"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = MAIL_FROM or "webmaster@localhost"

# --- Django ---------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",
    "directory.apps.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "commsportal.apps.CommsportalConfig",
    "audit.apps.AuditConfig",
    "webhooks.apps.WebhooksConfig",
    "directory.apps.DirectoryConfig",
    "routing.apps.RoutingConfig",
    "calls.apps.CallsConfig",
    "meetings.apps.MeetingsConfig",
    "demo.apps.DemoConfig",
]
MIDDLEWARE = [
    "commsportal.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "commsportal.middleware.VerbMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "commsportal.middleware.CanonicalHostMiddleware",
    "commsportal.crowds.CrowdMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "directory.sessions.SessionLimitsMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "commsportal.middleware.PrivateCacheMiddleware",
]
ROOT_URLCONF = "commsportal.urls"
ASGI_APPLICATION = "commsportal.asgi.application"
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
                "commsportal.context.portal",
            ],
        },
    },
]


def database() -> dict[str, object]:
    """Return SQLite in the data folder, or what DATABASE_URL names."""
    url = env.text("DATABASE_URL")
    if url:
        config: dict[str, object] = dict(dj_database_url.parse(url))
        if "postgresql" not in str(config["ENGINE"]):
            return config
        # The pool would wait longer and longer for a server that is away; so it gives up, and who asks tries anew.
        pool = {"min_size": 1, "max_size": 32, "timeout": 3, "reconnect_timeout": 1}
        config |= {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}
        return config | {"OPTIONS": {"pool": pool, "connect_timeout": 3}}
    pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON"
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_DIR / "portal.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 5, "init_command": pragmas},
        "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
    }


DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "directory.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
_validation = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": f"{_validation}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "name", "email")},
    },
    {"NAME": f"{_validation}.MinimumLengthValidator", "OPTIONS": {"min_length": 9}},  # a date has 8
    {"NAME": f"{_validation}.CommonPasswordValidator"},
    {"NAME": "directory.passwords.NotOurWordsValidator"},
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["commsportal.formats"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(mode=0o700, exist_ok=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False

SESSION_ENGINE = "directory.session_store"
SESSION_COOKIE_NAME = "__Host-portal" if HTTPS else "portal"
CSRF_COOKIE_NAME = "__Host-portal-csrf" if HTTPS else "portal-csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "directory.views.foreign_form"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
X_FRAME_OPTIONS = "DENY"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no cookie of its own

_socket = PUBLIC_URL.replace("http", "ws", 1)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'", _socket],
        "form-action": ["'self'", GRAPH_LOGIN_URL, *([SIMULATOR_URL] if SIMULATOR_URL else [])],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
        "report-uri": ["/csp-reports"],
        "require-trusted-types-for": ["'script'"],  # the admin and the API's documents do without
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "directory.api.authentication.BearerAuthentication",
        "directory.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["directory.api.permissions.HasRight"],
    "DEFAULT_THROTTLE_CLASSES": ["commsportal.throttles.PerPerson"],
    "DEFAULT_RENDERER_CLASSES": ["commsportal.api.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["commsportal.api.OrjsonParser"],
    "DEFAULT_PAGINATION_CLASS": "commsportal.api.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "commsportal.errors.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "commsportal",
    "DESCRIPTION": "Calls, people and lines of the front desk.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "WeekdayEnum": "meetings.rules.times.WEEKDAYS",
        "AttendeeRoleEnum": "meetings.models.Attendee.Role",
        "BusyStatusEnum": "meetings.api.free_busy.STATUSES",
        "ConflictReasonEnum": "meetings.api.free_busy.REASONS",
        "OperationKindEnum": "calls.models.Operation.Kind",
        "StatusEnum": "calls.models.Operation.Status",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "commsportal.api.require_bodies",
        "commsportal.api.add_problem_responses",
    ],
}

LOGGING_CONFIG = "commsportal.logs.configure"
LOGGING = {
    "level": env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
    "secrets": [
        SECRET_KEY,
        *SECRET_KEY_FALLBACKS,
        METRICS_TOKEN,
        GRAPH_CLIENT_SECRET,
        EMAIL_HOST_PASSWORD,
        str(DATABASES["default"].get("PASSWORD") or ""),
    ],
}

SILENCED_SYSTEM_CHECKS: list[str] = []
