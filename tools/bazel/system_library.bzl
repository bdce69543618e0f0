"""Installed libraries and programs as Bazel repositories."""

def _fail_missing(ctx, what):
    fail("\n\n@{repository} needs {what}, which is not installed.\nOn Debian or Ubuntu: apt-get install {packages}\n".format(
        packages = " ".join(ctx.attr.apt),
        repository = ctx.name,
        what = what,
    ))

def _pkg_config(ctx, module, *options):
    """Returns the words pkg-config answers about a module."""
    program = ctx.which("pkg-config")
    if not program:
        _fail_missing(ctx, "the program pkg-config")
    result = ctx.execute([program] + list(options) + [module])
    if result.return_code:
        _fail_missing(ctx, "the library %s (by pkg-config)" % module)
    return [word for word in result.stdout.strip().split(" ") if word]

def _include_directory(ctx, module, links):
    """Links the directory a module's headers are in, unless it is a default.

    It is the module's own directory that is asked for: --cflags would add those
    of its private requirements too (libxml2 and Kerberos, for cppzmq).
    """
    directories = _pkg_config(ctx, module, "--variable=includedir")
    if not directories or directories[0] == "/usr/include":
        return []
    if directories[0] not in links:
        links[directories[0]] = "include/%d" % len(links)
        ctx.symlink(directories[0], links[directories[0]])
    return [links[directories[0]]]

_LIBRARY = """
cc_library(
    name = {name},
    hdrs = glob({headers}, allow_empty = True),
    defines = {defines},
    includes = {includes},
    linkopts = {linkopts},
)
"""

def _library(ctx, name, module, links):
    includes = _include_directory(ctx, module, links)
    linkopts = []
    for word in _pkg_config(ctx, module, "--libs"):
        if word.startswith("-Wl,") or word not in linkopts:
            linkopts.append(word)
    return _LIBRARY.format(
        name = repr(name),
        defines = repr([
            word[2:]
            for word in _pkg_config(ctx, module, "--cflags-only-other")
            if word.startswith("-D")
        ]),
        headers = repr([directory + "/**" for directory in includes]),
        includes = repr(includes),
        linkopts = repr(linkopts),
    )

def _add(packages, package, content):
    packages[package] = packages.get(package, "") + content

def _system_library_impl(ctx):
    packages = {"": ""}
    links = {}
    for label, module in ctx.attr.modules.items():
        package, _, name = label.partition(":")
        _add(packages, package, _library(ctx, name, module, links))

    for label, program in ctx.attr.programs.items():
        package, _, name = label.partition(":")
        path = ctx.which(program)
        if not path:
            _fail_missing(ctx, "the program " + program)
        ctx.symlink(path, package + "/" + name if package else name)
        _add(packages, package, "\nexports_files([%s])\n" % repr(name))

    for path in ctx.attr.headers:
        if not ctx.path(path).exists:
            _fail_missing(ctx, path)

    for link, path in ctx.attr.links.items():
        if not ctx.path(path).exists:
            _fail_missing(ctx, path)
        ctx.symlink(path, link)

    for label, names in ctx.attr.build_files.items():
        for package in names.split(" "):
            _add(packages, package, "\n" + ctx.read(label))

    ctx.file("WORKSPACE", "workspace(name = %s)\n" % repr(ctx.name))
    for package, content in packages.items():
        ctx.file(
            package + "/BUILD.bazel" if package else "BUILD.bazel",
            'package(default_visibility = ["//visibility:public"])\n' + content,
        )

system_library = repository_rule(
    doc = "A repository of what pkg-config, the PATH and /usr/include have.",
    implementation = _system_library_impl,
    attrs = {
        "apt": attr.string_list(
            doc = "The Debian packages to name when something is missing.",
            mandatory = True,
        ),
        "build_files": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "More BUILD content, with the packages it is for.",
        ),
        "headers": attr.string_list(
            doc = "Headers that must exist, of libraries without pkg-config.",
        ),
        "links": attr.string_dict(
            doc = "Installed files or directories, by path in the repository.",
        ),
        "modules": attr.string_dict(
            doc = "The pkg-config module of each cc_library, by package:name.",
        ),
        "programs": attr.string_dict(
            doc = "The program on the PATH of each tool, by package:name.",
        ),
    },
    configure = True,
    environ = [
        "PATH",
        "PKG_CONFIG_LIBDIR",
        "PKG_CONFIG_PATH",
    ],
)

def _optional_library_impl(ctx):
    found = ctx.path(ctx.attr.header).exists
    ctx.file("WORKSPACE", "workspace(name = %s)\n" % repr(ctx.name))
    ctx.file(
        "BUILD.bazel",
        'package(default_visibility = ["//visibility:public"])\n' +
        _LIBRARY.format(
            name = repr(ctx.name),
            defines = repr([ctx.attr.define] if found else []),
            headers = repr([]),
            includes = repr([]),
            linkopts = repr(ctx.attr.linkopts if found else []),
        ),
    )

optional_library = repository_rule(
    doc = "A library that is installed, or else one that is empty.",
    implementation = _optional_library_impl,
    attrs = {
        "define": attr.string(doc = "What is defined if it is installed."),
        "header": attr.string(doc = "By which it is found."),
        "linkopts": attr.string_list(),
    },
    configure = True,
)
