#!/usr/bin/env python3
"""Feeds summary.py the events of runs that went well, and badly."""

import tempfile
import unittest

import summary

PASS = "<testcase name='a'/>"
FAIL = "<testcase name='a'><failure message='no'/></testcase>"
SKIP = "<testcase name='a'><skipped/></testcase>"
DISABLED = "<testcase name='a' status='notrun'/>"


def configured(label):
    return {"id": {"targetConfigured": {"label": label}}, "configured": {}}


def completed(label, success=True):
    return {"id": {"targetCompleted": {"label": label}},
            "completed": {"success": True} if success else {}}


class SummaryTest(unittest.TestCase):

    def result(self, label, status, xml, shard=1):
        file = tempfile.NamedTemporaryFile("w", suffix=" 1.xml")
        self.addCleanup(file.close)
        file.write(xml)
        file.flush()
        return {
            "id": {"testResult": {"label": label, "run": 1, "shard": shard}},
            "testResult": {"status": status, "testActionOutput": [{
                "name": "test.xml",
                "uri": "file://" + file.name.replace(" ", "%20"),
            }]},
        }

    def built_and_run(self, status, *cases):
        return [configured("//a"), completed("//a"), self.result(
            "//a", status, f"<testsuites>{''.join(cases)}</testsuites>")]

    def assert_summary(self, events, line, status=0):
        self.assertEqual(summary.summary(events, status),
                         (line, " 0 failed" in line))

    def test_cases_are_counted(self):
        self.assert_summary(self.built_and_run("PASSED", PASS, PASS),
                            "2 passed, 0 failed")
        self.assert_summary(self.built_and_run("FAILED", PASS, FAIL),
                            "1 passed, 1 failed", status=3)

    def test_skipped_cases_are_named(self):
        self.assert_summary(self.built_and_run("PASSED", PASS, SKIP, DISABLED),
                            "1 passed, 0 failed, 2 skipped")

    def test_shards_add_up(self):
        self.assert_summary(
            [self.result("//a", "PASSED", PASS, shard=1),
             self.result("//a", "PASSED", PASS, shard=2)],
            "2 passed, 0 failed")

    def test_the_last_attempt_decides(self):
        self.assert_summary(self.built_and_run("FAILED", FAIL)
                            + self.built_and_run("FLAKY", PASS),
                            "1 passed, 0 failed")

    def test_a_crash_is_a_failure(self):
        self.assert_summary([self.result("//a", "FAILED", "<testsui")],
                            "0 passed, 1 failed", status=3)
        self.assert_summary([self.result("//a", "TIMEOUT", PASS)],
                            "1 passed, 1 failed", status=3)

    def test_what_is_not_built_is_a_failure(self):
        self.assert_summary([configured("//a"), completed("//a", False)],
                            "0 passed, 1 failed", status=1)
        self.assert_summary([configured("//a")], "0 passed, 1 failed",
                            status=1)

    def test_a_failure_of_bazel_is_a_failure(self):
        self.assert_summary(self.built_and_run("PASSED", PASS),
                            "1 passed, 1 failed", status=1)
        self.assert_summary([], "0 passed, 1 failed", status=4)


if __name__ == "__main__":
    unittest.main()
