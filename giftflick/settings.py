"""Django's settings: one module for every stage, which differ by environment only (`.env.example` lists it)."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from giftflick import admin_look, env, secrets
from giftflick.database.configuration import configuration

secrets.load()

BASE_DIR = Path(__file__).resolve().parent.parent

STAGE = env.text("STAGE", "")  # one of `zappa_settings.json`; empty on a laptop

SECRET_KEY = env.text("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS", default="")
DEBUG = env.flag("DEBUG", default=False)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
RELEASE_FILE = BASE_DIR / "giftflick" / "RELEASE"  # only in a package: `infra.package` writes it
RELEASE = env.text("RELEASE", RELEASE_FILE.read_text().strip() if RELEASE_FILE.is_file() else "unreleased")
SENTRY_DSN = env.text("SENTRY_DSN", "")

# The site's public origin: watch links in mails, callbacks from vendors.
BASE_URL = env.origin("BASE_URL")

INSTALLED_APPS = [
    "giftflick.admin_app.UnfoldConfig",
    "unfold.contrib.filters",
    "giftflick.admin_app.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular_sidecar",  # files only: what draws the API reference
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "accounts.lockout_app.LockoutConfig",
    "accounts",
    "api",
]

MIDDLEWARE = [
    "giftflick.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "giftflick.middleware.AddressLimitMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "giftflick.urls"
WSGI_APPLICATION = "giftflick.wsgi.application"
APPEND_SLASH = False

PAGES = BASE_DIR / "giftflick" / "pages"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PAGES],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
    {
        "NAME": "plain",
        "BACKEND": "giftflick.plain_templates.PlainTemplates",
        "DIRS": [PAGES, BASE_DIR / "api" / "delivery" / "mails", BASE_DIR / "api" / "viewing" / "pages"],
        "OPTIONS": {"libraries": {"static": "django.templatetags.static"}},
    },
]

DATABASES: dict[str, Any] = {"default": configuration()}
DATABASE_SECRET = env.text("DATABASE_SECRET", "")
# The release function's, which makes and rotates logins.
DATABASE_ADMIN_SECRET = env.text("DATABASE_ADMIN_SECRET", "")
DATABASE_HOST = env.text("DATABASE_HOST", "")
DATABASE_PORT = env.text("DATABASE_PORT", "5432")
# The query console's own logins: in a secret, or on a laptop by URL. Without them it says that it is not set up.
CONSOLE_DATABASE_SECRET = env.text("CONSOLE_DATABASE_SECRET", "")
CONSOLE_DATABASE_URL = env.text("CONSOLE_DATABASE_URL", "")
CONSOLE_PII_DATABASE_URL = env.text("CONSOLE_PII_DATABASE_URL", "")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_RESET_TIMEOUT = 24 * 3600  # how long a founder's mailed link works
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

OTP_TOTP_ISSUER = "Giftflick"
AXES_HANDLER = "accounts.lockout.LockoutHandler"  # counts in the database, per person and address
AXES_CLIENT_IP_CALLABLE = "accounts.addresses.client_network"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address"]
AXES_VERBOSE = AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True  # the audit log has the sign-ins

# Where commands put secrets that they must not print (empty: they print them), and what they exchange the renderer's
# access key by: its IAM user, and the secret that holds the key.
HANDOVER_PREFIX = env.text("HANDOVER_PREFIX", "")
RENDERER_USER = env.text("RENDERER_USER", "")
RENDERER_SECRET = env.text("RENDERER_SECRET", "")

UNFOLD = admin_look.UNFOLD

# Who is locked out is answered by the sign-in pages themselves: no other request pays for axes' middleware.
SILENCED_SYSTEM_CHECKS = ["axes.W002"]

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = "giftflick.formats"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static"
# A package has the manifest alone: the hashed files that it names are in the static bucket.
STATIC_STORAGE = "ManifestStaticFilesStorage" if (STATIC_ROOT / "staticfiles.json").is_file() else "StaticFilesStorage"
STATICFILES_DIRS = [BASE_DIR / "api" / "viewing" / "static", BASE_DIR / "giftflick" / "look"]

# Everything in the media bucket is private. Django stores only what founders upload for templates there; the senders'
# media and the films travel by presigned URL.
AWS_REGION = env.text("AWS_DEFAULT_REGION")
MEDIA_BUCKET = env.text("MEDIA_BUCKET")
KEY_TABLE = env.text("KEY_TABLE")  # `accounts.authorizer` reads the variable itself: it runs where Django is not
STORAGES = {
    "default": {
        "BACKEND": "api.media.storage.MediaStorage",
        "OPTIONS": {
            "bucket_name": MEDIA_BUCKET,
            "querystring_expire": 3600,
            "max_memory_size": 2 * 1024 * 1024,  # what is read beyond that goes by the disk
        },
    },
    "staticfiles": {"BACKEND": f"django.contrib.staticfiles.storage.{STATIC_STORAGE}"},
}

# With all three, films are shown from here by CloudFront's signed URLs; else by S3's own.
SIGNED_MEDIA_URL = env.text("MEDIA_URL", "").rstrip("/")
MEDIA_KEY_ID = env.text("MEDIA_KEY_ID", "")
MEDIA_PRIVATE_KEY = env.text("MEDIA_PRIVATE_KEY", "")

# The vendors. A live key's gifts go to the renderer's production, a test key's to its sandbox.
RENDER_BACKEND = "api.rendering.backends.shotstack.ShotstackBackend"
RENDERER_URL = env.origin("RENDERER_URL")
RENDERER_API_KEY = env.text("RENDERER_API_KEY")
RENDERER_SANDBOX_API_KEY = env.text("RENDERER_SANDBOX_API_KEY")

MAIL_BACKEND = "api.delivery.backends.sendgrid.SendGridBackend"
MAIL_FROM = env.text("MAIL_FROM")
SENDGRID_URL = env.origin("SENDGRID_URL")
SENDGRID_API_KEY = env.text("SENDGRID_API_KEY")
SENDGRID_WEBHOOK_PUBLIC_KEY = env.text("SENDGRID_WEBHOOK_PUBLIC_KEY")

# Networks that webhooks may reach besides the public ones, over plain http too.
WEBHOOK_ALLOWED_NETWORKS = env.networks("WEBHOOK_ALLOWED_NETWORKS", default="")

# Who is told, right after a commit, that the job table has work.
WAKE_FUNCTION = env.text("WAKE_FUNCTION", "")
OUTBOX_WAKER = "api.outbox.wakers.invoke_function" if WAKE_FUNCTION else "api.outbox.wakers.notify_listeners"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "api.negotiation.JsonAlways",
    "DEFAULT_PARSER_CLASSES": ["api.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "api.pagination.NewestFirstPagination",
    "EXCEPTION_HANDLER": "api.exceptions.problem_for_exception",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

# Whose pages may call from a browser is each account's to say: `accounts.cors`.
CORS_URLS_REGEX = r"^/v1/"
CORS_ALLOW_METHODS = ["GET", "POST", "PATCH", "DELETE", "OPTIONS"]
CORS_ALLOW_HEADERS = ["x-api-key", "content-type", "idempotency-key", "if-match", "x-request-id"]
CORS_EXPOSE_HEADERS = ["X-Request-Id", "RateLimit", "RateLimit-Policy", "Retry-After", "Idempotent-Replayed"]
CORS_PREFLIGHT_MAX_AGE = 600
CSRF_FAILURE_VIEW = "giftflick.errors.csrf_failure"

# What CloudFront shows us, and what it will show next while that is rotated. On a laptop nobody is asked for it.
EDGE_SECRET = env.text("EDGE_SECRET", "")
EDGE_SECRET_NEXT = env.text("EDGE_SECRET_NEXT", "")

SECURE_COOKIES = env.flag("SECURE_COOKIES", default=True)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_AGE = 12 * 3600  # however busy: `accounts.sign_in` sets the very moment
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"  # Strict would lose whoever follows a link from a mail
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if urlsplit(BASE_URL).scheme == "https":
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    CSRF_TRUSTED_ORIGINS = [BASE_URL]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "giftflick.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"level": "CRITICAL"},  # the middleware logs every request, the handler every crash
        "django.security": {"level": "CRITICAL"},  # quotes what it refuses; the request's line has the status
        "django.server": {"level": "WARNING"},
        "axes": {"level": "CRITICAL"},  # the audit log has refused sign-ins
        "giftflick.metrics": {"level": "INFO"},  # whatever LOG_LEVEL says: alarms are made of them
        "botocore": {"level": "WARNING"},
        "python_http_client": {"level": "WARNING"},  # at DEBUG it logs the key and the whole mail
        "urllib3": {"level": "ERROR"},
        "waitress.queue": {"level": "ERROR"},
    },
}

env.insist()
