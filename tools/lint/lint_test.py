#!/usr/bin/env python3
"""Plants a violation of each rule and expects the complaint."""

import unittest

import lengths
import rooms
import words


def tree(**files):
    """A tree of one-line files: tree(am__x_h='"am/y.h"') includes y in x."""
    return {
        path.replace("__", "/").rpartition("_")[0] + "."
        + path.rpartition("_")[2]: f"#include {include}\n"
        for path, include in files.items()
    }


class RoomsTest(unittest.TestCase):

    def assert_fine(self, files):
        self.assertEqual(list(rooms.check(files)), [])

    def assert_complains(self, files, *words_of_it):
        text = "\n".join(rooms.check(files))
        for word in words_of_it:
            self.assertIn(word, text)
        self.assertNotEqual(text, "")

    def test_what_the_table_allows_is_fine(self):
        self.assert_fine(tree(
            transport__address_h='"am/transport/address_kind.h"',
            transport__zmq_socket_cc="<zmq.hpp>",
            am__link_h='"am/transport/transport.h"',
            am__peers_h='"am/v1/node.pb.h"',
            am__control__server_cc="<grpcpp/grpcpp.h>",
            am__examples__demo_cc='"am/cohort/cohort.h"',
            cohort__cohort_h='"am/manager.h"',
            tools__protoc_gen_am__main_cc="<google/protobuf/compiler/plugin.h>",
            tests__transport__zmq_test_cc="<zmq.h>",
            tests__am__control__server_test_cc="<grpcpp/grpcpp.h>",
            bench__ping_cc='"am/manager.h"'))

    def test_transport_knows_no_other_room(self):
        self.assert_complains(tree(transport__a_h='"am/link/link.h"'),
                              "transport may not include am")

    def test_am_does_not_know_control_nor_cohort(self):
        for include in '"am/control/server.h"', '"am/cohort/cohort.h"':
            self.assert_complains(tree(am__a_cc=include), "may not include")

    def test_cohort_does_not_know_transport(self):
        self.assert_complains(tree(cohort__a_cc='"am/transport/address.h"'),
                              "cohort may not include transport")

    def test_nobody_includes_tests_or_benchmarks(self):
        for include in '"tests/am/world.h"', '"bench/load.h"':
            self.assert_complains(tree(am__a_cc=include), "may not include")
        self.assert_complains(tree(bench__a_cc='"tests/am/world.h"'),
                              "bench may not include tests")

    def test_no_library_includes_an_example(self):
        self.assert_complains(tree(am__a_cc='"am/examples/demo.h"'),
                              "am may not include examples")

    def test_public_headers_are_included_under_am(self):
        self.assert_complains(tree(am__a_cc='"transport/address.h"'),
                              'as "am/transport/address.h"')

    def test_the_consumer_has_rooms_of_its_own(self):
        self.assert_fine({
            rooms.OUTSIDE + "a.cc": '#include "transport/address.h"\n'})

    def test_rooms_that_include_each_other(self):
        self.assert_complains(
            tree(am__a_cc='"am/transport/a.h"', transport__b_cc='"am/b.h"'),
            "am and transport include each other")

    def test_folders_of_the_runtime_include_downwards(self):
        self.assert_fine(tree(am__peer__a_h='"am/link/link.h"',
                              am__node_h='"am/peer/peer.h"'))
        self.assert_complains(tree(am__link__a_cc='"am/peer/peer.h"'),
                              "am/link is below am/peer")

    def test_grpc_stays_in_control(self):
        for file in "am__a_cc", "cohort__a_h", "tests__am__a_test_cc":
            self.assert_complains(tree(**{file: "<grpcpp/grpcpp.h>"}), "gRPC")
        self.assert_complains(tree(am__a_cc='"x/y.grpc.pb.h"'), "gRPC")

    def test_protoc_stays_in_the_plugin(self):
        self.assert_complains(
            tree(tools__amctl__a_cc="<google/protobuf/compiler/parser.h>"),
            "protoc")

    def test_zmq_stays_in_one_source_of_transport(self):
        self.assert_complains(tree(am__a_cc="<zmq.hpp>"), "zmq")
        self.assert_complains(tree(transport__a_h="<zmq.hpp>"), "wrapper")
        self.assert_complains(
            tree(transport__a_cc="<zmq.hpp>", transport__b_cc="<zmq.h>"),
            "several files")

    def test_libraries_are_linked_by_their_room(self):
        link = 'deps = ["@com_github_grpc_grpc//:grpc++"]'
        self.assert_fine({"am/control/BUILD.bazel": link})
        self.assert_complains({"am/BUILD.bazel": link}, "linked")

    def test_top_level_names(self):
        self.assert_fine({".clang-tidy": "", "LICENSE": "", "am/x.h": ""})
        self.assert_complains({"notes.txt": ""}, "top level")
        self.assert_complains({"docs/index.md": ""}, "docs")

    def test_include_cycles(self):
        self.assert_complains(
            tree(am__a_h='"am/b.h"', am__b_h='"am/c.h"', am__c_h='"am/a.h"'),
            "am/a.h -> am/b.h -> am/c.h -> am/a.h")
        self.assert_complains(
            tree(transport__a_h='"am/transport/b.h"',
                 transport__b_h='"am/transport/a.h"'), "cycle")


class LengthsTest(unittest.TestCase):

    def test_files(self):
        self.assertEqual(list(lengths.check({"am/a.h": "\n" * 250})), [])
        self.assertEqual(len(list(lengths.check({"am/a.h": "\n" * 251}))), 1)
        self.assertEqual(len(list(lengths.check({"am/a.cc": "\n" * 451}))), 1)

    def test_functions(self):
        body = "  Call(\"}\");  // {\n" * 79
        for head in ("int F() {", "A::A(int a)\n    : a_(a),\n      b_{} {",
                     "TEST(A, B) {", "extern \"C\" int F(int a) {",
                     "auto f = [&](int) {",
                     "template <typename T>\nvoid F(T) const {",
                     " public:\n  A(int) {"):
            code = f"namespace am {{\n{head}\n{body}}}\n}}\n"
            found = list(lengths.check({"am/a.cc": code}))
            self.assertEqual(len(found), 1, head)
            self.assertIn(":2: a function of 8", found[0])
            short = code.replace(body, body[:200])
            self.assertEqual(list(lengths.check({"am/a.cc": short})), [])

    def test_what_is_no_function_may_be_long(self):
        body = "  int i = F();\n" * 100
        for head in ("class A : public B {", "namespace {", "enum class E {",
                     "struct alignas(64) A {", "const int a[] = {"):
            code = f"{head}\n{body}}};\n"
            self.assertEqual(list(lengths.check({"am/a.cc": code})), [], head)

    def test_python_functions(self):
        code = "def f():\n" + "    pass\n" * 80
        self.assertEqual(len(list(lengths.check({"tools/a.py": code}))), 1)


class WordsTest(unittest.TestCase):

    def assert_found(self, path, text, word):
        self.assertIn(word, "\n".join(words.check({path: text})))

    def test_paths_of_one_machine(self):
        self.assert_found("am/README.md", "see /home/me/am", "one machine")
        self.assertEqual(list(words.check({"a": "$HOME/x/y"})), [])

    def test_notes(self):
        self.assert_found("am/a.h", "// TODO: later", "note")
        self.assertEqual(list(words.check({"a.cc": '"/tmp/am.XXXXXX"'})), [])

    def test_unfinished_merges(self):
        for mark in "<<<<<<< HEAD", ">>>>>>> 1a2b3c (theirs)":
            self.assert_found("tools/dev", mark, "merge")
        self.assertEqual(list(words.check({"a.cc": "<<<<<<<<<<<<"})), [])

    def test_sleeps(self):
        for nap in ("std::this_thread::sleep_for(1s);",
                    "absl::SleepFor(absl::Seconds(1));", "usleep(1);"):
            self.assert_found("tests/am/a_test.cc", nap, "sleep")
            self.assertEqual(list(words.check({"bench/a.cc": nap})), [])
        self.assert_found("tests/a.py", "time.sleep(1)", "sleep")


if __name__ == "__main__":
    unittest.main()
