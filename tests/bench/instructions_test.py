#!/usr/bin/env python3
"""Tests what bench/instructions.py complains of."""

import sys
import unittest

sys.path.insert(0, "bench")
import instructions  # noqa: E402


def complaints(stub, builder, one_way=10000):
    kept = {case: 10000 for case in instructions.CASES}
    counts = {**kept, "stub": stub, "builder": builder, "one_way": one_way}
    return list(filter(None, instructions.complaints(counts, kept)))


class InstructionsTest(unittest.TestCase):

    def test_what_was_kept_is_fine(self):
        self.assertEqual(complaints(10000, 10000), [])

    def test_less_is_fine(self):
        self.assertEqual(complaints(5000, 5000), [])

    def test_a_hundredth_more_is_of_another_machine(self):
        self.assertEqual(complaints(10099, 10099), [])

    def test_more_is_told_with_the_difference(self):
        self.assertIn("200 more", complaints(10200, 10200)[0])

    def test_each_case_is_looked_at(self):
        self.assertIn("one_way", complaints(10000, 10000, 20000)[0])

    def test_a_stub_may_not_cost_much_more_than_a_builder(self):
        self.assertEqual(len(complaints(10000, 9000)), 1)


if __name__ == "__main__":
    unittest.main()
