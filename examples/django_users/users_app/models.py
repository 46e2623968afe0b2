"""People, and what they say about themselves."""

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as AuthUserManager
from django.db import models


class UserManager(AuthUserManager):
    """Every page shows the profile beside the user, so both come with one query."""

    def get_queryset(self):
        return super().get_queryset().select_related("profile")


class User(AbstractUser):
    objects = UserManager()


class Profile(models.Model):
    user = models.OneToOneField(User, models.CASCADE, related_name="profile")
    biography = models.TextField(blank=True)

    def __str__(self):
        return f"profile of {self.user.username}"
