#!/usr/bin/env python3
"""Runs every example of cohorts and reads what it says."""

import contextlib
import os
import pathlib
import select
import subprocess
import unittest

FOLDER = os.path.join("cohort", "examples")
REGISTRY = os.path.join("tools", "am_registry", "am_registry")
TIMEOUT = 60
MAX_LINES = 60  # of an example


@contextlib.contextmanager
def started(*command, **environment):
    """A program whose output is read. If the test fails, which would wait for
    it otherwise, it is killed, and what it had to say is printed."""
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE,
                          env={**os.environ, **environment}) as program:
        try:
            yield program
        except BaseException:
            program.kill()
            if not program.stdout.closed:
                print(f"{command[0]} had said:", program.communicate()[0])
            raise


def start(program, **environment):
    return started(os.path.join(FOLDER, program), **environment)


def first_line(program):
    """The line that a program prints first, which must come in time."""
    if not select.select([program.stdout], [], [], TIMEOUT)[0]:
        raise AssertionError(f"{program.args[0]} has printed nothing")
    return program.stdout.readline().strip()


def said_by(program):
    """What a program prints until it ends, which must be with 0 and in time."""
    name = program.args[0]
    try:
        said = program.communicate(timeout=TIMEOUT)[0]
    except subprocess.TimeoutExpired:
        program.kill()
        said = program.communicate()[0]
        raise AssertionError(f"{name} did not end; it said:\n{said}") from None
    if program.returncode != 0:
        raise AssertionError(
            f"{name} ended with {program.returncode}; it said:\n{said}")
    return said


def run(program, *arguments):
    """What a program prints; it must exit with 0."""
    return subprocess.run(
        [os.path.join(FOLDER, program), *arguments], check=True, text=True,
        stdout=subprocess.PIPE, timeout=TIMEOUT).stdout


class CohortExamplesTest(unittest.TestCase):

    def check_leader_and_workers(self, leader, workers):
        """Reads what the programs say until they end in order."""
        said = said_by(leader)
        self.assertIn("rank 0: job 0 done\nrank 1: job 1 done\n", said)
        self.assertIn("all workers have left", said)
        ranks = set()
        for worker in workers:
            text = said_by(worker)
            self.assertIn("log: job 7\n", text)
            self.assertIn("end: OK\n", text)
            # What it is told may come before it has said who it is.
            ranks.update(line for line in text.splitlines()
                         if line.startswith("rank "))
        self.assertEqual(ranks, {"rank 0", "rank 1"})

    def test_leader_and_workers_as_programs(self):
        with start("cohort_leader", WORLD_SIZE="2") as leader:
            address = first_line(leader)
            with start("cohort_worker", RANK="0",
                       LEADER_ENDPOINT=address) as first, \
                 start("cohort_worker", RANK="1",
                       LEADER_ENDPOINT=address) as second:
                self.check_leader_and_workers(leader, [first, second])

    def test_workers_before_their_leader_found_by_a_registry(self):
        with started(REGISTRY, "--listen", "127.0.0.1:0") as registry:
            where = first_line(registry).split()[-1]
            with start("cohort_worker", REGISTRY=where) as first, \
                 start("cohort_worker", REGISTRY=where) as second, \
                 start("cohort_leader", REGISTRY=where) as leader:
                self.check_leader_and_workers(leader, [first, second])
            registry.terminate()
            said_by(registry)

    def test_cohort_parallel(self):
        lines = run("cohort_parallel").splitlines()
        self.assertEqual(
            lines,
            [f"rank {rank}: handler error" for rank in range(3)]
            + [f"rank {rank}: job {10 * rank} done" for rank in range(3)]
            + ["3 times job 90"])

    def test_parameter_averaging(self):
        self.assertEqual(run("parameter_averaging"), "y = 3.000 + 2.000 x\n")

    def check_killed(self, policy, first, following):
        """Whether each rank's outcome is the one of these words."""
        said = run("killed", policy)
        self.assertIn("awaited: rank 2, which runs examples.Trainer/Work", said)
        lines = [line for line in said.splitlines() if line.startswith("rank")]
        self.assertEqual(len(lines), 8, said)
        for line, outcome in zip(lines, first + following):
            self.assertIn(outcome, line, said)
        self.assertIn("the end: OK", said)

    def test_a_worker_killed_under_each_policy(self):
        ok, lost = ["OK"], ["lost"]
        amid = 2 * ok + lost + ok
        self.check_killed("degraded", amid, amid)
        self.check_killed("terminate", amid, 4 * ["rejected"])
        self.check_killed("fail_fast", amid, 4 * ["rejected"])
        self.check_killed("wait", amid, 4 * ok)

    def check_refused(self, program, *arguments, code=1, why, **environment):
        result = subprocess.run(
            [os.path.join(FOLDER, program), *arguments], text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=TIMEOUT,
            env={**os.environ, **environment})
        self.assertEqual(result.returncode, code)
        self.assertIn(why, result.stderr)

    def test_what_is_wrong_is_said_at_once(self):
        self.check_refused("cohort_leader", WORLD_SIZE="two", code=2,
                           why='WORLD_SIZE is "two"')
        self.check_refused("cohort_leader", WORLD_SIZE="0",
                           why="size is required")
        self.check_refused("cohort_worker", RANK="first",
                           LEADER_ENDPOINT="tcp://127.0.0.1:1", code=2,
                           why='RANK is "first"')
        self.check_refused("cohort_worker", code=2, why="LEADER_ENDPOINT, or")
        self.check_refused("killed", "failfast", code=2, why="fail_fast]")

    def test_examples_are_short(self):
        for path in sorted(pathlib.Path(FOLDER).iterdir()):
            if path.suffix in (".cc", ".h", ".proto"):
                with self.subTest(path=str(path)):
                    lines = path.read_text(encoding="utf-8").count("\n")
                    self.assertLessEqual(lines, MAX_LINES)


if __name__ == "__main__":
    unittest.main()
