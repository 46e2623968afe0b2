"""Settings of the example: SQLite in memory, no secrets worth the name."""

import os

SECRET_KEY = "only for the tests of this example"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "users_app",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
AUTH_USER_MODEL = "users_app.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "site_config.urls"
USE_TZ = True

# With KEEP_TESTS=1 every test case is kept to the end of the run, as unittest did before 3.4.
if os.environ.get("KEEP_TESTS") == "1":
    TEST_RUNNER = "site_config.runner.KeepingRunner"
