"""Django's settings for the planted leaks: a database in memory, no application."""

SECRET_KEY = "planted"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
INSTALLED_APPS: list[str] = []
USE_TZ = True
