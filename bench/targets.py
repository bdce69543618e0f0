"""What ratios ought to be: at most so much of times, at least so much of
throughput."""

_AT_MOST = {
    ("libzmq", "p50_us"): {"ping_ipc_64": 1.10, "ping_tcp_64": 1.10,
                           "ping_ipc_64_callback": 1.05,
                           "ping_tcp_64_callback": 1.05,
                           "ping_local_64": 0.10,
                           "ping_local_64_parked": 0.65,
                           "par_map_local_8_64": 1.5,
                           "par_map_8_64": 1.5},
    ("parked", "p50_us"): {"ping_local_64_think300": 1.20},
    ("parked", "cpu_us_per_op"): {"ping_local_64_think300": 1.30},
    ("grpc", "p50_us"): {"ping_local_64": 0.12},
    ("libzmq", "cpu_us_per_op"): {"ping_local_64": 0.5},
    ("libzmq", "mean_us"): {"ping_ipc_64": 1.10, "ping_tcp_64": 1.10},
    ("libzmq", "p99_us"): {"ping_ipc_64": 1.50, "ping_tcp_64": 1.50},
    ("one_peer", "caller_cpu_us_per_op"): {"peers_256": 1.20},
    ("one_peer", "caller_threads"): {"peers_256": 1.00},
    ("payload", "times_written"): {"broadcast_local_32_1mib": 1,
                                   "broadcast_32_1mib": 1},
    ("1 s", "real_ms"): {"join_256_simulated": 1},
    ("payload", "leader_peak_mb"): {"broadcast_32_1mib": 3},
}
_AT_LEAST = {
    ("libzmq", "msgs_per_s"): {"echo_64_50": 1.2, "echo_4096_20": 1.0,
                               "echo_1024_25": 1.0, "echo_64_1024": 1.0,
                               "oneway_64": 1.0, "payload_64mib": 0.9,
                               "echo_local_64_50": 3,
                               "echo_local_4096_20": 2,
                               "oneway_local_64": 1.5,
                               "payload_local_64mib": 2},
    ("grpc", "msgs_per_s"): {"echo_local_64_50": 20},
    ("grpc_callback", "msgs_per_s"): {"echo_64_50": 10, "echo_4096_20": 3,
                                      "echo_1024_25": 3, "echo_64_1024": 60},
}

# Of ours alone, whatever the peer: at the most.
_VALUES = {
    ("connect_first_ack", "p99_us"): 2000,
    ("local_64", "p50_us"): 3,
    ("idle_local", "cpu_percent"): 1,
    ("payload_64mib", "caller_peak_mb"): 3 * 64,
    ("payload_64mib", "server_peak_mb"): 3 * 64,
}


# What ours may have beyond the peer's.
_BEYOND = {("peers_256", "libzmq", "caller_kib_per_peer"): 32}


def of(row):
    """(text, whether it is met), or None if there is no target."""
    case, peer, metric = row["case"], row["peer"], row["metric"]
    ours, value = row["ours"], row["ratio"]
    if (case, metric) in _VALUES:
        limit = _VALUES[case, metric]
        return f"≤ {limit}", ours <= limit
    if (case, peer, metric) in _BEYOND:
        limit = _BEYOND[case, peer, metric]
        return f"≤ {limit} more", ours - row["peer_value"] <= limit
    if value is not None and case in _AT_MOST.get((peer, metric), {}):
        limit = _AT_MOST[peer, metric][case]
        return f"≤ {limit:.2f} x", value <= limit
    if value is not None and case in _AT_LEAST.get((peer, metric), {}):
        limit = _AT_LEAST[peer, metric][case]
        return f"≥ {limit:g} x", value >= limit
    return None


def verdict(row):
    target = of(row)
    if target is None:
        return ""
    text, is_met = target
    return text if is_met else f"{text}: missed"
