"""C++ libraries of services declared in .proto files."""

def _import_path(ctx, source, root):
    """Returns the path by which other protos import a source file."""
    path = source.path
    for prefix in [root, ctx.bin_dir.path, ctx.genfiles_dir.path]:
        if path.startswith(prefix + "/"):
            path = path[len(prefix) + 1:]
    workspace = ctx.attr.proto.label.workspace_root
    if workspace and path.startswith(workspace + "/"):
        path = path[len(workspace) + 1:]
    return path

def _join(*parts):
    return "/".join([part for part in parts if part and part != "."])

def _plugin_sources_impl(ctx):
    proto = ctx.attr.proto[ProtoInfo]
    imports = [
        _import_path(ctx, source, proto.proto_source_root)
        for source in proto.direct_sources
    ]
    outputs = [
        ctx.actions.declare_file(_join(
            ctx.label.name,
            path[:-len(".proto")] + suffix,
        ))
        for path in imports
        for suffix in ctx.attr.suffixes
    ]

    args = ctx.actions.args()
    args.add(ctx.executable.plugin, format = "--plugin=protoc-gen-plugin=%s")
    args.add("--plugin_out=" + _join(
        ctx.bin_dir.path,
        ctx.label.workspace_root,
        ctx.label.package,
        ctx.label.name,
    ))

    # Sources, and not descriptor sets, which lack the comments.
    args.add_all(proto.transitive_proto_path, format_each = "-I%s")
    args.add_all(imports)
    ctx.actions.run(
        arguments = [args],
        executable = ctx.executable._protoc,
        inputs = proto.transitive_sources,
        mnemonic = "ProtocPlugin",
        outputs = outputs,
        progress_message = "Generating services of %s" % ctx.attr.proto.label,
        tools = [ctx.executable.plugin],
    )

    mocks = [file for file in outputs if file.path.endswith(".mock.h")]
    return [
        DefaultInfo(files = depset(outputs)),
        OutputGroupInfo(
            hdrs = depset([
                file
                for file in outputs
                if file.extension == "h" and file not in mocks
            ]),
            mocks = depset(mocks),
            srcs = depset([
                file
                for file in outputs
                if file.extension == "cc"
            ]),
        ),
    ]

_plugin_sources = rule(
    doc = "The files a protoc plugin makes of a proto_library's own sources.",
    implementation = _plugin_sources_impl,
    attrs = {
        "plugin": attr.label(
            allow_single_file = True,
            cfg = "exec",
            executable = True,
            mandatory = True,
        ),
        "proto": attr.label(
            mandatory = True,
            providers = [ProtoInfo],
        ),
        "suffixes": attr.string_list(
            doc = "What the plugin puts in place of '.proto', for each file.",
            mandatory = True,
        ),
        "_protoc": attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = "@com_google_protobuf//:protoc",
            executable = True,
        ),
    },
)

def _services(name, proto, plugin, suffixes, groups):
    """Declares the messages <name>_messages and the files <name>_<group>."""
    native.cc_proto_library(
        name = name + "_messages",
        deps = [proto],
    )
    _plugin_sources(
        name = name + "_sources",
        plugin = plugin,
        proto = proto,
        suffixes = suffixes,
    )
    for group in groups:
        native.filegroup(
            name = name + "_" + group,
            srcs = [name + "_sources"],
            output_group = group,
        )

def am_cc_library(
        name,
        proto,
        deps = [],
        runtime = Label("//am:core"),
        **kwargs):
    """A C++ library of a proto_library: its messages and its am services.

    It provides <file>.pb.h and <file>.am.h of each .proto among the sources of
    `proto`. A second library, <name>_mock, provides <file>.am.mock.h and is
    for tests only. Nothing of gRPC is generated or linked.

    Args:
      name: name of the library.
      proto: the proto_library.
      deps: am_cc_library targets of protos that this one imports, if its
        sources shall see their services; messages need none.
      runtime: what generated code is built on.
      **kwargs: passed on to cc_library.
    """
    _services(
        name = name,
        groups = ["hdrs", "mocks", "srcs"],
        plugin = Label("//tools/protoc_gen_am:protoc-gen-am"),
        proto = proto,
        suffixes = [".am.h", ".am.cc", ".am.mock.h"],
    )
    native.cc_library(
        name = name,
        srcs = [name + "_srcs"],
        hdrs = [name + "_hdrs"],
        includes = [name + "_sources"],
        deps = deps + [
            name + "_messages",
            runtime,
        ],
        **kwargs
    )
    native.cc_library(
        name = name + "_mock",
        testonly = True,
        hdrs = [name + "_mocks"],
        includes = [name + "_sources"],
        visibility = kwargs.get("visibility"),
        deps = [
            name,
            Label("@com_google_googletest//:gtest"),
        ],
    )

def am_grpc_cc_library(name, proto, deps = [], **kwargs):
    """A C++ library of a proto_library: its messages and gRPC's own services.

    It provides <file>.pb.h and <file>.grpc.pb.h of each .proto among the
    sources of `proto`, and can be linked beside an am_cc_library of it.

    Args:
      name: name of the library.
      proto: the proto_library.
      deps: am_grpc_cc_library targets of protos that this one imports, if its
        sources shall see their services; messages need none.
      **kwargs: passed on to cc_library.
    """
    _services(
        name = name,
        groups = ["hdrs", "srcs"],
        plugin = Label("@com_github_grpc_grpc//src/compiler:grpc_cpp_plugin"),
        proto = proto,
        suffixes = [".grpc.pb.h", ".grpc.pb.cc"],
    )
    native.cc_library(
        name = name,
        srcs = [name + "_srcs"],
        hdrs = [name + "_hdrs"],
        includes = [name + "_sources"],
        deps = deps + [
            name + "_messages",
            Label("@com_github_grpc_grpc//:grpc++"),
        ],
        **kwargs
    )
