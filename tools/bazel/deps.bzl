"""The libraries this workspace builds on.

Each repository has the name and the labels of its upstream Bazel project. A
workspace that has its own (a monorepo's @com_google_absl, say) declares it
before it calls am_dependencies(), and keeps it.
"""

load("//tools/bazel:debian_bazel.bzl", "debian_bazel_shims")
load("//tools/bazel:system_library.bzl", "optional_library", "system_library")

def _maybe(name, **kwargs):
    if not native.existing_rule(name):
        system_library(name = name, **kwargs)

# Abseil's targets, by package. Debian's modules are called absl_<target>, with
# the exceptions below.
_ABSL = {
    "absl/algorithm": ["algorithm", "container"],
    "absl/base": ["base", "core_headers", "dynamic_annotations", "endian", "log_severity"],
    "absl/cleanup": ["cleanup"],
    "absl/container": ["btree", "fixed_array", "flat_hash_map", "flat_hash_set", "inlined_vector", "node_hash_map", "node_hash_set"],
    "absl/debugging": ["failure_signal_handler", "leak_check", "stacktrace", "symbolize"],
    "absl/flags": ["flag", "marshalling", "parse", "reflection", "usage"],
    "absl/functional": ["any_invocable", "bind_front", "function_ref"],
    "absl/hash": ["hash"],
    "absl/memory": ["memory"],
    "absl/meta": ["type_traits"],
    "absl/numeric": ["bits", "int128"],
    "absl/random": ["bit_gen_ref", "distributions", "random", "seed_sequences"],
    "absl/status": ["status", "statusor"],
    "absl/strings": ["cord", "str_format", "strings"],
    "absl/synchronization": ["synchronization"],
    "absl/time": ["time"],
    "absl/types": ["any", "compare", "optional", "span", "variant"],
    "absl/utility": ["utility"],
}

_ABSL_MODULES = {
    "absl/algorithm:container": "absl_algorithm_container",
    "absl/flags:flag": "absl_flags",
    "absl/flags:marshalling": "absl_flags_marshalling",
    "absl/flags:parse": "absl_flags_parse",
    "absl/flags:reflection": "absl_flags_reflection",
    "absl/flags:usage": "absl_flags_usage",
    "absl/random:bit_gen_ref": "absl_random_bit_gen_ref",
    "absl/random:distributions": "absl_random_distributions",
    "absl/random:random": "absl_random_random",
    "absl/random:seed_sequences": "absl_random_seed_sequences",
}

def _absl_modules():
    modules = {}
    for package, targets in _ABSL.items():
        for target in targets:
            label = package + ":" + target
            modules[label] = _ABSL_MODULES.get(label, "absl_" + target)
    return modules

def am_dependencies():
    """Takes what is not declared yet from this machine's packages."""
    debian_bazel_shims()

    _maybe(
        name = "com_google_absl",
        apt = ["libabsl-dev"],
        modules = _absl_modules(),
    )
    _maybe(
        name = "com_google_protobuf",
        apt = ["libprotobuf-dev", "libprotoc-dev", "protobuf-compiler"],
        build_files = {Label("//tools/bazel:protobuf.BUILD"): ""},
        headers = ["/usr/include/google/protobuf/compiler/plugin.h"],
        links = {"src/google/protobuf": "/usr/include/google/protobuf"},
        modules = {":protobuf": "protobuf"},
        programs = {":protoc": "protoc"},
    )
    _maybe(
        name = "com_github_grpc_grpc",
        apt = ["grpc-proto", "libgrpc++-dev", "protobuf-compiler-grpc"],
        build_files = {
            Label("//tools/bazel:grpc.BUILD"): "",
            Label("//tools/bazel:grpc_health.BUILD"): "src/proto/grpc/health/v1",
            Label("//tools/bazel:grpc_reflection.BUILD"): "src/proto/grpc/reflection/v1 src/proto/grpc/reflection/v1alpha",
        },
        links = {
            "src/proto/grpc/health/v1/health.proto": "/usr/share/grpc-proto/grpc/health/v1/health.proto",
            "src/proto/grpc/reflection/v1/reflection.proto": "/usr/share/grpc-proto/grpc/reflection/v1/reflection.proto",
            "src/proto/grpc/reflection/v1alpha/reflection.proto": "/usr/share/grpc-proto/grpc/reflection/v1alpha/reflection.proto",
        },
        modules = {":grpc++": "grpc++"},
        programs = {"src/compiler:grpc_cpp_plugin": "grpc_cpp_plugin"},
    )
    _maybe(
        name = "openssl",
        apt = ["libssl-dev"],
        modules = {":crypto": "libcrypto"},
    )
    _maybe(
        name = "com_github_zeromq_cppzmq",
        apt = ["cppzmq-dev", "libzmq3-dev"],
        modules = {":cppzmq": "cppzmq"},
    )
    _maybe(
        name = "com_google_googletest",
        apt = ["libgmock-dev", "libgtest-dev"],
        build_files = {Label("//tools/bazel:googletest.BUILD"): ""},
        modules = {":gtest": "gmock"},
    )
    _maybe(
        name = "com_github_google_benchmark",
        apt = ["libbenchmark-dev"],
        build_files = {Label("//tools/bazel:benchmark.BUILD"): ""},
        modules = {":benchmark": "benchmark"},
    )
    _maybe(
        name = "com_github_jupp0r_prometheus_cpp",
        apt = ["prometheus-cpp-dev"],
        modules = {"core:core": "prometheus-cpp-core"},
    )
    _maybe(
        name = "com_github_cliutils_cli11",
        apt = ["libcli11-dev"],
        modules = {":cli11": "CLI11"},
    )

    # For comparisons; nobody has to have it.
    if not native.existing_rule("nng"):
        optional_library(
            name = "nng",
            define = "AM_HAS_NNG",
            header = "/usr/include/nng/nng.h",
            linkopts = ["-lnng"],
        )
