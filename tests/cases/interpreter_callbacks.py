# mypy: ignore-errors
# RUN unittest
# LEAK test T.test_1_codecs bytes=300000 line=SEARCH holder=codecs.register
# LEAK test T.test_2_forks bytes=300000 line=FORK holder=os.register_at_fork
# LEAK test T.test_3_audit bytes=300000 line=AUDIT holder=sys.addaudithook
# LEAK test T.test_4_errors bytes=300000 line=ERRORS holder=codecs.register_error
# KIND callback codecs.register
# KIND callback os.register_at_fork
# KIND callback sys.addaudithook
import codecs
import os
import sys
import unittest


class T(unittest.TestCase):
    def test_1_codecs(self):
        table = bytearray(300_000)  # SEARCH
        codecs.register(lambda name: table and None)

    def test_2_forks(self):
        table = bytearray(300_000)  # FORK
        os.register_at_fork(before=lambda: table)

    def test_3_audit(self):
        table = bytearray(300_000)  # AUDIT
        sys.addaudithook(lambda *event: table and None)

    def test_4_errors(self):
        table = bytearray(300_000)  # ERRORS
        codecs.register_error("of-test", lambda error: table and None)
