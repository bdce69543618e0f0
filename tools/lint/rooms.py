"""Proves the table of rooms: who may include whom, and who links what."""

import posixpath
import re

TOP_LEVEL = {
    "BUILD.bazel", "LICENSE", "README.md", "WORKSPACE",
    "am", "bench", "cohort", "proto", "tests", "tools", "transport",
}

# The other rooms that each room may include.
MAY_INCLUDE = {
    "proto": set(),
    "transport": set(),
    "am": {"proto", "transport"},
    "am/control": {"am", "proto"},
    "cohort": {"am", "proto"},
    "tools": {"am", "am/control", "cohort", "proto", "transport"},
    "examples": {"am", "am/control", "cohort", "proto", "tools", "transport"},
    "bench": {"am", "am/control", "cohort", "examples", "proto", "tools",
              "transport"},
    "tests": {"am", "am/control", "bench", "cohort", "examples", "proto",
              "tools", "transport"},
}

# The rooms by the path their public headers are included under.
PUBLIC = {
    "am/transport/": "transport",
    "am/cohort/": "cohort",
    "am/control/": "am/control",
    "am/examples/": "examples",
    "am/v1/": "proto",
    "am/": "am",
    "proto/": "proto",
    "tools/": "tools",
    "tests/": "tests",
    "bench/": "bench",
}

# The folders of the runtime, from the bottom: each may include those before it.
FLOORS = [
    "am/wire", "am/driver", "am/call", "am/link", "am/peer", "am/dispatch",
    "am/outbox", "am/fleet", "am/simulation", "am/metrics",
]

# Libraries: how code includes them, how a BUILD file links them, and where
# that is allowed, by prefix of the path.
LIBRARIES = {
    "zmq": (r"zmq(_addon)?\.h(pp)?$", "@com_github_zeromq_cppzmq//",
            ("transport/", "tests/", "bench/")),
    "gRPC": (r"(grpc|grpcpp|grpc\+\+)/|.*\.grpc\.pb\.h$",
             "@com_github_grpc_grpc//",
             ("am/control/", "bench/", "tests/am/control/", "tests/fault/",
              "tests/golden/", "tests/integration/", "tests/protoc_gen_am/",
              "tests/tools/")),
    "Prometheus": (r"prometheus/", "@com_github_jupp0r_prometheus_cpp//",
                   ("am/metrics/", "tests/am/metrics/")),
    "protoc": (r"google/protobuf/compiler/", "@com_google_protobuf//:protoc_lib",
               ("tools/protoc_gen_am/", "tests/")),
}

# Another repository, with rooms of its own; it is only kept in this one.
OUTSIDE = "tests/integration/consumer/workspace/"

_INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def room_of(path):
    """Names the room a file belongs to; None outside of all."""
    parts = path.split("/")
    if "examples" in parts[1:-1]:
        return "examples"
    if path.startswith("am/control/"):
        return "am/control"
    return parts[0] if parts[0] in MAY_INCLUDE else None


def room_of_include(include):
    """Names the room that an include leads to; None if it is not ours."""
    if re.match(r"am/.*/examples/", include):
        return "examples"
    for prefix, room in PUBLIC.items():
        if include.startswith(prefix):
            return room
    return None


def source_of_include(include):
    """Returns the path in the tree of an included header."""
    for room in ("transport", "cohort"):
        if include.startswith(f"am/{room}/"):
            return include[len("am/"):]
    return include


def includes(files):
    """Yields (file, included path) of all C++ files."""
    for path, text in sorted(files.items()):
        if path.endswith((".cc", ".h")) and not path.startswith(OUTSIDE):
            for include in _INCLUDE.findall(text):
                yield path, include


def check_top_level(files):
    for name in sorted({path.split("/")[0] for path in files}):
        if name not in TOP_LEVEL and not name.startswith("."):
            yield f"{name}: not one of the names allowed at the top level"


def check_edges(files):
    """Checks each include against the table."""
    for path, include in includes(files):
        room = room_of(path)
        if re.match(r"(transport|cohort)/", include):
            yield f'{path}: include "{include}" as "am/{include}"'
        target = room_of_include(include)
        if not room or not target or target == room:
            continue
        if target not in MAY_INCLUDE[room]:
            yield f'{path}: {room} may not include {target} ("{include}")'


def check_floors(files):
    """Checks that the folders of the runtime include downwards only."""
    for path, include in includes(files):
        floor, target = posixpath.dirname(path), posixpath.dirname(include)
        if floor not in FLOORS or target not in FLOORS:
            continue
        if FLOORS.index(target) > FLOORS.index(floor):
            yield f'{path}: {floor} is below {target} ("{include}")'


def check_pairs(files):
    """Reports rooms that include each other, whatever the table says."""
    edges = set()
    for path, include in includes(files):
        room, target = room_of(path), room_of_include(include)
        if room and target and room != target:
            edges.add((room, target))
    for room, target in sorted(edges):
        if room < target and (target, room) in edges:
            yield f"{room} and {target} include each other"


def check_libraries(files):
    """Checks that a library is included and linked by its room alone."""
    for name, (pattern, label, allowed) in LIBRARIES.items():
        for path, include in includes(files):
            if re.match(pattern, include) and not path.startswith(allowed):
                yield f'{path}: {name} may not be used here ("{include}")'
        for path, text in sorted(files.items()):
            is_build = posixpath.basename(path) == "BUILD.bazel"
            if is_build and label in text and not path.startswith(allowed):
                yield f"{path}: {name} may not be linked here ({label})"


def check_zmq_wrapper(files):
    """Checks that one .cc of transport, and no header, includes zmq."""
    users = sorted({
        path for path, include in includes(files)
        if path.startswith("transport/")
        and re.match(LIBRARIES["zmq"][0], include)
    })
    for path in users:
        if not path.endswith(".cc"):
            yield f"{path}: only the wrapper's .cc may include zmq"
    if len(users) > 1:
        yield f"zmq is included by several files: {', '.join(users)}"


def check_cycles(files):
    """Reports cycles of headers that include each other."""
    graph = {path: [] for path in files}
    for path, include in includes(files):
        target = source_of_include(include)
        if target in files:
            graph[path].append(target)
    done, stack = set(), []

    def visit(path):
        if path in stack:
            cycle = stack[stack.index(path):] + [path]
            yield "include cycle: " + " -> ".join(cycle)
        elif path not in done:
            stack.append(path)
            for target in graph[path]:
                yield from visit(target)
            stack.pop()
            done.add(path)

    for path in sorted(graph):
        yield from visit(path)


def check(files):
    """Yields what is wrong with a tree, given as text by path."""
    for part in (check_top_level, check_edges, check_floors, check_pairs,
                 check_libraries, check_zmq_wrapper, check_cycles):
        yield from part(files)
