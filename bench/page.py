"""Writes the page of a report: what was compared, by how much, with plots."""

import json

import plots
import targets

_INTRODUCTION = """\
# Results

Made by `tools/dev bench --report bench/results` on {date}, on {processors} processors ({processor}),
Linux {kernel}, {packages}.
All numbers are rows of [run.json](run.json); [bench/README.md](../README.md) says what each case is, and by what rules.
A ratio is ours divided by the peer's, the median over the rounds, with the lowest and the highest in brackets.
"""

_SEED_INTRODUCTION = """
## The system before this one

The Rust Active Message system, whose cases these are: what it published (its machine is not known), and what it did on
the machine of our first measurements, where raw libzmq took 100 to 107 us for a ping. It ran client and server in one
process. Ours is from this run: compare the orders of magnitude, not more.

| case | published | measured | ours |
|---|---|---|---|
"""

# Case, metric, and what the seed published and did.
_SEED = (
    ("ping_ipc_64", "mean_us", "126 us", "183 to 191 us"),
    ("echo_64_50", "msgs_per_s", "43,149 /s", "27,700 to 31,800 /s"),
    ("echo_4096_20", "msgs_per_s", "9,766 /s", "8,200 to 8,800 /s"),
    ("echo_1024_25", "msgs_per_s", "25,063 /s", "13,500 to 16,700 /s"),
)


def shown(value, metric):
    """A value with its unit, as people read it."""
    if value is None:
        return "–"
    if metric.endswith("_per_s"):
        return f"{value:,.0f} /s"
    for suffix, unit in (("_us", "us"), ("_us_per_op", "us"), ("_mb", "MB"),
                         ("_percent", "%"), ("_kib_per_peer", "KiB")):
        if metric.endswith(suffix):
            return f"{value:,.1f} {unit}"
    return f"{value:,.1f}"


def ratio(row):
    if row["ratio"] is None:
        return "–"
    return (f"{row['ratio']:.2f} ({row['ratio_low']:.2f} to "
            f"{row['ratio_high']:.2f})")


def table(rows):
    yield "| case | metric | ours | peer | its | ratio | target |\n"
    yield "|---|---|---|---|---|---|---|\n"
    for row in rows:
        metric = row["metric"]
        note = f", {row['disturbed']} samples disturbed" * bool(row["disturbed"])
        yield (f"| `{row['case']}` | `{metric}` | {shown(row['ours'], metric)} "
               f"| {row['peer']} | {shown(row['peer_value'], metric)} "
               f"| {ratio(row)}{note} | {targets.verdict(row)} |\n")


def seed(rows):
    ours = {(row["case"], row["metric"]): row["ours"] for row in rows}
    yield _SEED_INTRODUCTION
    for case, metric, published, measured in _SEED:
        value = shown(ours.get((case, metric)), metric)
        yield f"| `{case}` `{metric}` | {published} | {measured} | {value} |\n"


def introduction(machine):
    packages = ", ".join(machine["packages"]) or "packages not known"
    return _INTRODUCTION.format(**{**machine, "packages": packages})


def write(whole, folder):
    """Writes README.md, run.json and the plots into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "run.json", "w", encoding="utf-8") as file:
        dump(whole, file)
    rows = whole["rows"]
    with open(folder / "README.md", "w", encoding="utf-8") as file:
        file.write(introduction(whole["machine"]))
        file.writelines(f"\n![{title}]({name})\n"
                        for name, title in plots.write(whole, folder))
        file.write("\n## Targets\n\n")
        file.writelines(table([row for row in rows if targets.of(row)]))
        file.writelines(seed(rows))
        file.write("\n## All rows\n\n")
        file.writelines(table(rows))
        file.writelines(f"\nVoid: {why}\n" for why in whole["void"])


def dump(whole, file):
    """JSON with a line for each row, so that two runs can be compared."""
    parts = []
    for name, value in whole.items():
        if isinstance(value, list):
            lines = ",".join("\n  " + json.dumps(element) for element in value)
            parts.append(f"{json.dumps(name)}: [{lines}]")
        else:
            parts.append(f"{json.dumps(name)}: {json.dumps(value)}")
    file.write("{" + ",\n ".join(parts) + "}\n")
