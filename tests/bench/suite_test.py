#!/usr/bin/env python3
"""Tests how runs are compared, and what their page says."""

import contextlib
import io
import json
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, "bench")
import against  # noqa: E402
import page  # noqa: E402
import plots  # noqa: E402
import targets  # noqa: E402


def row(case="ping_ipc_64", metric="p50_us", ratio=1.0, spread=0.0,
        peer="libzmq", disturbed=0):
    return {"case": case, "metric": metric, "peer": peer, "ours": 100 * ratio,
            "peer_value": 100.0, "ratio": ratio, "ratio_low": ratio - spread,
            "ratio_high": ratio + spread, "disturbed": disturbed}


def compare(rows, kept):
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        failed = against.compare(rows, kept)
    return failed, output.getvalue().splitlines()


class AgainstTest(unittest.TestCase):

    def test_the_same_ratio_passes(self):
        self.assertEqual(compare([row()], [row()]),
                         (False, ["1 passed, 0 failed"]))

    def test_what_is_worse_than_the_band_fails_and_is_told(self):
        failed, lines = compare([row(ratio=1.3)], [row()])
        self.assertTrue(failed)
        self.assertIn("ping_ipc_64 p50_us: 1.30 x libzmq, was 1.00", lines[0])
        self.assertEqual(lines[-1], "0 passed, 1 failed")

    def test_the_band_begins_at_the_worst_round_that_was_kept(self):
        self.assertFalse(compare([row(ratio=1.3)], [row(spread=0.1)])[0])

    def test_better_passes(self):
        self.assertFalse(compare([row(ratio=0.1)], [row()])[0])

    def test_less_throughput_is_worse(self):
        def echo(ratio):
            return [row(metric="msgs_per_s", ratio=ratio)]
        self.assertTrue(compare(echo(0.7), echo(1.0))[0])
        self.assertFalse(compare(echo(2.0), echo(1.0))[0])

    def test_what_was_disturbed_says_nothing(self):
        failed, lines = compare([row(), row(case="x", ratio=9, disturbed=1)],
                                [row(), row(case="x")])
        self.assertFalse(failed)
        self.assertEqual(lines, ["1 passed, 0 failed, 1 skipped (disturbed)"])

    def test_to_compare_nothing_is_a_failure(self):
        self.assertTrue(compare([row(case="new")], [row()])[0])


class TargetsTest(unittest.TestCase):

    def test_a_time_is_at_most(self):
        self.assertEqual(targets.verdict(row(ratio=1.1)), "≤ 1.10 x")
        self.assertEqual(targets.verdict(row(ratio=1.2)), "≤ 1.10 x: missed")

    def test_a_throughput_is_at_least(self):
        echo = row("echo_64_50", "msgs_per_s", ratio=9, peer="grpc_callback")
        self.assertEqual(targets.verdict(echo), "≥ 10 x: missed")

    def test_most_rows_have_none(self):
        self.assertEqual(targets.verdict(row(metric="cpu_us_per_op")), "")


class PageTest(unittest.TestCase):

    WHOLE = {
        "machine": {"date": "2020-01-01", "processors": 2, "processor": "x",
                    "kernel": "y", "packages": ["z 1"]},
        "rows": [row(), row("echo_64_1", "msgs_per_s"),
                 row("echo_64_1024", "msgs_per_s"),
                 row("payload_64mib", "msgs_per_s"),
                 row("payload_local_64mib_parked", "msgs_per_s"),
                 row("peers_4", "caller_cpu_us_per_op")],
        "curves": [{"case": "ping_ipc_64", "contestant": "am_ping_thread",
                    "us": list(range(100))}],
        "void": ["oneway: ours: DATA_LOSS"],
    }

    def test_a_number_bears_its_unit(self):
        self.assertEqual(page.shown(1234.5, "msgs_per_s"), "1,234 /s")
        self.assertEqual(page.shown(1.25, "p50_us"), "1.2 us")
        self.assertEqual(page.shown(None, "p50_us"), "–")

    def test_curves_over_the_number_in_flight_have_all_peers(self):
        series = plots.by_peer(self.WHOLE["rows"], "echo_64_", "msgs_per_s",
                               plots.number_at_end)
        self.assertEqual(series, {"active messages": {1: 100, 1024: 100},
                                  "libzmq": {1: 100, 1024: 100}})

    def test_shared_memory_has_a_curve_of_its_own(self):
        rows = [row("payload_64mib", "msgs_per_s"),
                row("payload_local_64mib", "msgs_per_s", ratio=3),
                row("payload_local_64mib_parked", "msgs_per_s", ratio=2)]
        series = plots.by_peer(rows, "payload_", "msgs_per_s", len)
        self.assertEqual(series, {"active messages": {13: 100},
                                  "libzmq": {13: 100},
                                  "active messages, shared memory": {13: 300}})

    def test_what_is_dumped_can_be_read(self):
        file = io.StringIO()
        page.dump(self.WHOLE, file)
        self.assertEqual(json.loads(file.getvalue()), self.WHOLE)

    @unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is not installed")
    def test_a_page_shows_its_plots(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            page.write(self.WHOLE, folder)
            text = (folder / "README.md").read_text(encoding="utf-8")
            for plot in ("latency", "in_flight", "payload", "peers"):
                self.assertIn(f"({plot}.svg)", text)
                self.assertIn("<svg", (folder / f"{plot}.svg").read_text())
            self.assertIn("Void: oneway", text)


if __name__ == "__main__":
    unittest.main()
