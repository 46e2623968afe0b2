"""Where the project began: `setUp` puts a user on `self`, and somebody keeps `self`."""

from django.test import TestCase
from django.urls import reverse

from users_app.models import Profile, User

BIOGRAPHY_BYTES = 400_000


def create_user():
    user = User.objects.create_user("amelia", pk=1, email="amelia@example.org")
    Profile.objects.create(user=user, biography="a" * BIOGRAPHY_BYTES)


class ExampleTest(TestCase):
    @classmethod
    def setUpTestData(cls):
        create_user()

    def setUp(self):
        self.user = User.objects.get(pk=1)  # planted: ExampleTest.user

    def test_email(self):
        self.assertEqual(self.user.email, "amelia@example.org")

    def test_biography(self):
        self.assertEqual(len(self.user.profile.biography), BIOGRAPHY_BYTES)


class ControlTest(TestCase):
    """The same user in local variables: nothing stays, whoever keeps `self`."""

    @classmethod
    def setUpTestData(cls):
        create_user()

    def test_profile(self):
        user = User.objects.get(pk=1)
        self.assertEqual(str(user.profile), "profile of amelia")

    def test_page(self):
        response = self.client.get(reverse("user-detail", args=[1]))
        self.assertEqual(len(response.json()["biography"]), BIOGRAPHY_BYTES)

    def test_unknown_user(self):
        self.assertEqual(self.client.get(reverse("user-detail", args=[2])).status_code, 404)
