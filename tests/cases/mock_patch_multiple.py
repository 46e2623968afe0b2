# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1 bytes=300000 line=ALLOC holder=smtplib.SMTP.sendmail or SMTP.sendmail
# LEAK test T.test_2 bytes=300000 line=ALLOC holder=smtplib.SMTP.sendmail or SMTP.sendmail
# LEAK test T.test_3 bytes=300000 line=ALLOC holder=smtplib.SMTP.sendmail or SMTP.sendmail
# VERDICT growing smtplib.SMTP.sendmail or SMTP.sendmail
# KIND mock smtplib.SMTP.sendmail or SMTP.sendmail
import smtplib
import unittest
from unittest import mock


class T(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        patcher = mock.patch.multiple(
            smtplib.SMTP, connect=mock.DEFAULT, sendmail=mock.DEFAULT, quit=mock.DEFAULT
        )
        patcher.start()
        # FIX stop the patch (SMTP.sendmail) | cls.addClassCleanup(patcher.stop)

    def test_0_warms_up(self):
        smtplib.SMTP().sendmail("a@x", [], b"")

    def mail(self):
        smtp = smtplib.SMTP()
        smtp.sendmail("a@x", ["b@x"], bytes(300_000))  # ALLOC
        smtp.quit()

    def test_1(self):
        self.mail()

    def test_2(self):
        self.mail()

    def test_3(self):
        self.mail()


class TestAfter(unittest.TestCase):
    def test(self):
        pass
