"""Tests that fill a module's cache: it only ever grows."""

from django.test import SimpleTestCase

from users_app.thumbnails import thumbnail

EDGE = 100


class ThumbnailTest(SimpleTestCase):
    def test_size(self):
        self.assertEqual(len(thumbnail(1, EDGE)), 4 * EDGE * EDGE)

    def test_transparent(self):
        self.assertEqual(thumbnail(2, EDGE)[3], 0)

    def test_drawn_once(self):
        self.assertIs(thumbnail(3, EDGE), thumbnail(3, EDGE))
