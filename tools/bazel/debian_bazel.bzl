"""Lets Debian's Bazel (package bazel-bootstrap) work without a network.

Bazel 4 loads @rules_cc, @rules_java and @remote_coverage_tools for itself, and
would download them. Debian's build of it carries no version label, which tells
it from a released one; that is left alone.
"""

def _inline_repository_impl(ctx):
    ctx.file("WORKSPACE", "")
    for path, content in ctx.attr.files.items():
        ctx.file(path, content)
    for label, path in ctx.attr.links.items():
        ctx.symlink(label, path)

_inline_repository = repository_rule(
    implementation = _inline_repository_impl,
    attrs = {
        "files": attr.string_dict(
            doc = "Content of each file, by path.",
            mandatory = True,
        ),
        "links": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "Path in the repository of each linked file.",
        ),
    },
)

def _native_rules(package, rules):
    """Returns a package whose defs.bzl hands on Bazel's own rules."""
    return {
        package + "/BUILD.bazel": "",
        package + "/defs.bzl": "".join([
            "%s = native.%s\n" % (rule, rule)
            for rule in rules
        ]),
    }

_COVERAGE_TOOLS = """
[
    sh_binary(
        name = name,
        srcs = ["lcov.py"],
        visibility = ["//visibility:public"],
    )
    for name in [
        "coverage_report_generator",
        "lcov_merger",
    ]
]
"""

def debian_bazel_shims():
    """Declares stand-ins for what Debian's Bazel would download."""
    if native.bazel_version:
        return

    _inline_repository(
        name = "rules_cc",
        files = _native_rules("cc", [
            "cc_binary",
            "cc_import",
            "cc_library",
            "cc_proto_library",
            "cc_test",
            "cc_toolchain",
            "cc_toolchain_suite",
            "objc_library",
        ]),
    )
    _inline_repository(
        name = "rules_java",
        files = _native_rules("java", [
            "java_binary",
            "java_import",
            "java_library",
            "java_runtime",
            "java_toolchain",
        ]),
    )
    _inline_repository(
        name = "remote_coverage_tools",
        files = {"BUILD.bazel": _COVERAGE_TOOLS},
        links = {Label("//tools/bazel:lcov.py"): "lcov.py"},
    )
