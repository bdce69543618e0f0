"""Draws the plots of a report, with gnuplot."""

import json
import subprocess

_STYLE = """
set terminal svg size 720,420 font "sans-serif,13" background rgb "white"
set grid linecolor rgb "#dddddd"
set border 3
set tics nomirror
set key top left
set style data linespoints
set style line 1 linecolor rgb "#c0392b" linewidth 2 pointtype 7 pointsize 0.6
set style line 2 linecolor rgb "#2c3e50" linewidth 2 pointtype 5 pointsize 0.6
set style line 3 linecolor rgb "#2980b9" linewidth 2 pointtype 9 pointsize 0.6
set style line 4 linecolor rgb "#27ae60" linewidth 2 pointtype 11 pointsize 0.6
"""

_SIZES = {"64": 64, "1kib": 1 << 10, "16kib": 16 << 10, "256kib": 256 << 10,
          "4mib": 4 << 20, "64mib": 64 << 20}
_PEER_NAMES = {"libzmq": "libzmq", "grpc_callback": "gRPC, callbacks",
               "grpc_blocking": "gRPC, blocking"}


_OURS = "active messages"
_SHARED = "active messages, shared memory"


def number_at_end(case):
    return int(case.rsplit("_", 1)[1])


def by_peer(rows, prefix, metric, x_of):
    """Ours and each peer's values of a metric: {name: {x: value}}. Cases over
    shared memory have the names of others, with "local" in them."""
    series = {}
    for row in rows:
        case = row["case"].replace("_local_", "_")
        known = (row["peer"] in _PEER_NAMES
                 and not case.endswith(("_tcp", "_parked")))
        if not case.startswith(prefix) or row["metric"] != metric or not known:
            continue
        x = x_of(case)
        if case != row["case"]:
            series.setdefault(_SHARED, {})[x] = row["ours"]
            continue
        series.setdefault(_OURS, {})[x] = row["ours"]
        series.setdefault(_PEER_NAMES[row["peer"]], {})[x] = row["peer_value"]
    return series


def cumulative(curves):
    """Latencies of a ping and the share of pings that took no longer."""
    wanted = {("ping_ipc_64", "am_"): _OURS,
              ("ping_local_64", "am_"): _SHARED,
              ("ping_ipc_64", "libzmq_"): "libzmq",
              ("ping_unix_64", "grpc_"): "gRPC, blocking"}
    series = {}
    for curve in curves:
        for (case, prefix), name in wanted.items():
            if (curve["case"] == case
                    and curve["contestant"].startswith(prefix)):
                series[name] = {us: percent for percent, us
                                in enumerate(curve["us"][:99], start=1)}
    return series


def draw(path, series, *settings):
    """Writes one plot; nothing if there is nothing to draw."""
    if not series:
        return False
    blocks, plots = [], []
    for i, (name, points) in enumerate(series.items(), start=1):
        data = "\n".join(f"{x} {y}" for x, y in sorted(points.items()))
        blocks.append(f"$data{i} << END\n{data}\nEND")
        plots.append(f'$data{i} linestyle {i} title {json.dumps(name)}')
    script = "\n".join([_STYLE, f"set output {json.dumps(str(path))}",
                        *settings, *blocks, "plot " + ", ".join(plots)])
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
    return True


def in_bytes_per_second(series):
    return {name: {size: size * per_s / 1e6 for size, per_s in points.items()}
            for name, points in series.items()}


def write(whole, folder):
    """Draws all, and returns [(file, what it shows)]."""
    rows = whole["rows"]
    plots = [
        ("latency.svg", cumulative(whole["curves"]),
         "Ping of 64 bytes on one host: how many took no longer",
         ['set xlabel "microseconds"', 'set ylabel "per cent of all"',
          "set style data lines", "set key bottom right", "set logscale x 10"]),
        ("in_flight.svg",
         by_peer(rows, "echo_64_", "msgs_per_s", number_at_end),
         "Echo of 64 bytes: throughput by the number in flight",
         ['set xlabel "in flight"', 'set ylabel "echoes a second"',
          "set logscale x 2", "set logscale y 10", 'set format y "10^{%T}"']),
        ("payload.svg",
         in_bytes_per_second(by_peer(
             rows, "payload_", "msgs_per_s",
             lambda case: _SIZES[case.rsplit("_", 1)[1]])),
         "Payloads one at a time: throughput by their size",
         ['set xlabel "bytes"', 'set ylabel "MB a second"',
          "set logscale x 2", "set logscale y 10", 'set format x "2^{%L}"']),
        ("peers.svg",
         by_peer(rows, "peers_", "caller_cpu_us_per_op", number_at_end),
         "Pings to many peers by turns: processor time of the one who asks",
         ['set xlabel "peers"', 'set ylabel "microseconds a ping"',
          "set logscale x 2", "set yrange [0:*]"]),
    ]
    return [(name, title) for name, series, title, settings in plots
            if draw(folder / name, series, f"set title {json.dumps(title)}",
                    *settings)]
