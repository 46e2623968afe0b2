# mypy: ignore-errors
# RUN unittest
# NEEDS django
# LEAK test T.test_1 bytes=400000 line=ALLOC holder=post_save.receivers or django.db.models.signals.post_save.receivers
# LEAK test T.test_2 bytes=400000 line=ALLOC holder=post_save.receivers or django.db.models.signals.post_save.receivers
# LEAK test T.test_3 bytes=400000 line=ALLOC holder=post_save.receivers or django.db.models.signals.post_save.receivers
# LEAK test T.test_4 bytes=400000 line=ALLOC holder=post_save.receivers or django.db.models.signals.post_save.receivers
# CLEAN test T.test_5_weak
# CLEAN test T.test_6_nothing
# VERDICT growing post_save.receivers or django.db.models.signals.post_save.receivers
import unittest

from django.conf import settings

settings.configure()

from django.db.models.signals import post_save


class T(unittest.TestCase):
    def watch(self, weak):
        seen = bytearray(400_000)  # ALLOC

        def saved(sender, **named):
            seen[0] = 1

        post_save.connect(saved, weak=weak)
        # FIX .disconnect( | self.addCleanup(post_save.disconnect, saved)
        post_save.send(sender=T)

    def test_1(self):
        self.watch(weak=False)

    def test_2(self):
        self.watch(weak=False)

    def test_3(self):
        self.watch(weak=False)

    def test_4(self):
        self.watch(weak=False)

    def test_5_weak(self):
        self.watch(weak=True)

    def test_6_nothing(self):
        pass
