"""cc_fuzz_test: a libFuzzer target, and a plain test of its corpus."""

def cc_fuzz_test(name, corpus, deps = [], tags = [], **kwargs):
    """A test that runs on each file of a corpus, and that can be fuzzed.

    The source defines LLVMFuzzerTestOneInput. Without --config=fuzz the test
    replays the corpus; with it, libFuzzer starts from the corpus:

        bazel run --config=fuzz //tests/fuzz:NAME -- -max_total_time=60

    Args:
      name: name of the test.
      corpus: a directory of this package, with at least one file.
      deps: the libraries under test.
      tags: further tags; "fuzz" is always one.
      **kwargs: passed on to cc_test.
    """
    inputs = native.glob([corpus + "/**"])
    if not inputs:
        fail("no corpus for %s: put an input into %s/" % (name, corpus))
    fuzzing = str(Label("//tools/fuzz:enabled"))
    native.cc_test(
        name = name,
        args = ["%s/%s" % (native.package_name(), corpus)],
        data = inputs,
        linkopts = select({
            fuzzing: ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        tags = tags + ["fuzz"],
        deps = deps + select({
            fuzzing: [],
            "//conditions:default": [Label("//tools/fuzz:replay")],
        }),
        **kwargs
    )
