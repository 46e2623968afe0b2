"""Biographies from the old system."""

from users_app.models import Profile


def import_biography(user_id, text):
    """Store `text`; return how many profiles were changed: 0 where the user is unknown."""
    profiles = Profile.objects.filter(user_id=user_id)
    return profiles.update(biography=text)  # planted: connection.queries_log
