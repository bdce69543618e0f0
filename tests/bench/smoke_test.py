#!/usr/bin/env python3
"""Runs every case of every benchmark once and reads its rows."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

FOLDER = "bench"

LATENCIES = ["p50_us", "mean_us", "p99_us", "msgs_per_s", "cpu_us_per_op"]
PEAKS = ["caller_peak_mb", "server_peak_mb"]
NNG = ["nng"] if os.path.exists("/usr/include/nng/nng.h") else []
PING_CASES = {
    **{f"{case}_{scheme}_64{how}": ["libzmq"]
       for scheme in ("ipc", "tcp")
       for case, how in (("ping", "_coroutine"), ("echo", "_1_callback"))},
    **{f"echo_{scheme}_64_1": ["libzmq", *NNG] for scheme in ("ipc", "tcp")},
    "ping_ipc_64": ["libzmq", *NNG],
    "ping_ipc_64_callback": ["libzmq"],
    "ping_tcp_64": ["libzmq", *NNG, "grpc_blocking"],
    "ping_tcp_64_callback": ["libzmq", "grpc_callback"],
    "ping_unix_64": ["grpc_blocking"],
    "ping_unix_64_callback": ["grpc_callback"],
}
ECHO_CASES = {
    f"echo_{case}": ["libzmq", "grpc_callback", *NNG]
    for case in ("64_50", "4096_20", "1024_25", "64_1024",
                 "64_50_tcp", "4096_20_tcp", "1024_25_tcp", "64_1024_tcp",
                 "64_1", "64_4", "64_16", "64_256")
}
LOCAL_CASES = {
    f"{case}{how}": ["libzmq", "grpc"]
    for case in ("echo_local_64_50", "echo_local_4096_20")
    for how in ("", "_parked")
}
LOCAL_CASES |= {
    f"{case}{how}": ["libzmq", "grpc", "unix_socket"]
    for case in ("ping_local_64", "ping_local_64_think300")
    for how in ("", "_parked")
}
LOCAL_CASES["ping_local_64_think300"].append("parked")


def run(program, *arguments):
    return subprocess.run([os.path.join(FOLDER, program), *arguments],
                          stdout=subprocess.DEVNULL, timeout=50)


def report_of(program, *arguments):
    """What a benchmark writes; it must exit with 0."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "report.json")
        run(program, *arguments, "--json", path).check_returncode()
        with open(path, encoding="utf-8") as file:
            return json.load(file)


class SmokeTest(unittest.TestCase):

    def check_rows(self, report, peers_of_cases, metrics):
        self.assertEqual(report["void"], [])
        self.assertCountEqual(
            [(row["case"], row["peer"], row["metric"])
             for row in report["rows"]],
            [(case, peer, metric) for case, peers in peers_of_cases.items()
             for peer in peers for metric in metrics])
        for row in report["rows"]:
            self.assertGreaterEqual(row["ours"], 0)
            self.assertGreaterEqual(row["peer_value"], 0)

    def test_ping(self):
        report = report_of("ping", "--rounds=1", "--operations=1")
        self.check_rows(report, PING_CASES, LATENCIES)
        for row in report["rows"]:
            self.assertAlmostEqual(
                row["ratio"], row["ours"] / row["peer_value"], places=2)

    def test_echo(self):
        report = report_of("echo", "--rounds=1", "--operations=1")
        self.check_rows(report, ECHO_CASES, LATENCIES)

    def test_local(self):
        report = report_of("local", "--rounds=1", "--operations=1")
        self.check_rows(report, LOCAL_CASES, LATENCIES)

    def test_oneway(self):
        report = report_of("oneway", "--rounds=1", "--operations=1")
        rows = {True: [], False: []}
        for row in report["rows"]:
            rows[row["case"].endswith("_idle")].append(row)
        self.check_rows(
            {**report, "rows": rows[False]},
            {case: ["libzmq"]
             for case in ("oneway_64", "oneway_64_tcp", "oneway_local_64",
                          "oneway_local_64_parked")},
            ["msgs_per_s", "cpu_us_per_op", *PEAKS])
        self.check_rows({**report, "rows": rows[True]},
                        {"oneway_64_idle": ["libzmq"]}, [*LATENCIES, *PEAKS])

    def test_connect(self):
        report = report_of("connect", "--rounds=1", "--operations=1")
        peers = ["libzmq", "grpc_blocking"]
        self.check_rows(report, {"connect_first_ack": peers,
                                 "connect_first_ack_tcp": peers}, LATENCIES)

    def test_sizes(self):
        report = report_of("sizes", "--rounds=1", "--operations=1")
        sizes = ["64", "1kib", "16kib", "256kib", "4mib", "64mib",
                 "local_64mib", "local_64mib_parked"]
        self.check_rows(
            report,
            {f"payload_{size}": ["libzmq", "grpc_blocking"] for size in sizes},
            [*LATENCIES, *PEAKS])

    def test_peers(self):
        report = report_of("peers", "--rounds=1", "--operations=1",
                           "--only==peers_1,=peers_4,=peers_16,fan_out")
        self.check_rows(
            report,
            {"peers_1": ["libzmq"], "peers_16": ["libzmq", "one_peer"],
             "peers_4": ["libzmq", "one_peer"], "fan_out_16": ["libzmq"]},
            [*LATENCIES, "caller_cpu_us_per_op", "caller_threads",
             "caller_kib_per_peer"])

    def test_handlers(self):
        report = report_of("handlers", "--rounds=1", "--operations=1")
        self.check_rows(
            report,
            {"local_64": ["grpc_inprocess"],
             "local_64_callback": ["grpc_inprocess"],
             "pool_64": ["inline"], "pool_64_callback": ["inline"],
             "pool_64_50": ["inline"]}, LATENCIES)

    def test_stages(self):
        report = report_of("stages", "--rounds=1", "--operations=3")
        stages = ["encode_us", "wire_there_us", "dispatch_us", "handler_us",
                  "reply_us", "wire_back_us", "complete_us"]
        self.check_rows(report, {"stages_ipc": ["libzmq"],
                                 "stages_tcp": ["libzmq"]},
                        [*LATENCIES, *stages])

    def test_idle(self):
        report = report_of("idle", "--rounds=1", "--seconds=0.01")
        self.check_rows(report, {"idle_ipc": ["libzmq"],
                                 "idle_tcp": ["libzmq"],
                                 "idle_local": ["libzmq"]}, ["cpu_percent"])

    def test_bridge(self):
        report = report_of("bridge", "--rounds=1", "--operations=1")
        self.check_rows(report, {"bridge_tcp_64_1": ["plain gRPC"],
                                 "bridge_tcp_64_50": ["plain gRPC"],
                                 "late_bridge_tcp_64_1": ["plain gRPC"],
                                 "late_bridge_tcp_64_50": ["plain gRPC"]},
                        LATENCIES)

    def test_cohort(self):
        report = report_of("cohort", "--rounds=1", "--operations=1",
                           "--joining=16")
        rows = {(row["case"], row["metric"]): row for row in report["rows"]}
        self.assertCountEqual(rows, [
            ("par_map_local_8_64", "p50_us"),
            ("par_map_8_64", "p50_us"),
            ("broadcast_local_32_1mib", "times_written"),
            ("broadcast_local_32_1mib", "leader_peak_mb"),
            ("broadcast_local_32_1mib", "leader_rings_mb"),
            ("broadcast_32_1mib", "times_written"),
            ("broadcast_32_1mib", "leader_peak_mb"),
            ("broadcast_32_1mib", "leader_rings_mb"),
            ("join_16_simulated", "real_ms")])
        for broadcast in "broadcast_local_32_1mib", "broadcast_32_1mib":
            self.assertEqual(rows[broadcast, "times_written"]["ours"], 1)

    def test_registry(self):
        self.assertEqual(run("registry", "--instances=20").returncode, 0)

    @unittest.skipUnless(shutil.which("etcd"), "etcd is not installed")
    def test_registry_on_etcd(self):
        self.assertEqual(
            run("registry", "--instances=20", "--backend=etcd").returncode, 0)

    def test_a_case_that_is_not_there_is_a_failure(self):
        self.assertEqual(run("ping", "--only=pong").returncode, 1)
        self.assertEqual(run("ping", "--only==ping_ipc").returncode, 1)

    def test_a_file_that_cannot_be_written_is_a_failure(self):
        self.assertEqual(
            run("ping", "--rounds=1", "--operations=1",
                "--only==ping_ipc_64",
                "--json=/dev/null/ping.json").returncode, 1)


if __name__ == "__main__":
    unittest.main()
