"""Compares the ratios of a run with those of one that was kept.

Ratios of one machine spread from round to round; the kept rows say how far. A
ratio that is worse than the worst round that was kept by more than BAND is a
failure. A row of which a sample was disturbed, then or now, is not compared.
"""

BAND = 0.25
METRICS = ("p50_us", "msgs_per_s")


def key(row):
    return row["case"], row["peer"], row["metric"]


def limit(kept):
    """The worst ratio that is still within the band."""
    if kept["metric"].endswith("_per_s"):
        return kept["ratio_low"] / (1 + BAND)
    return kept["ratio_high"] * (1 + BAND)


def is_worse(row, kept):
    if kept["metric"].endswith("_per_s"):
        return row["ratio"] < limit(kept)
    return row["ratio"] > limit(kept)


def compare(rows, kept_rows):
    """Prints what is worse, and counts; returns whether the run failed."""
    kept = {key(row): row for row in kept_rows if row["metric"] in METRICS}
    passed = failed = skipped = 0
    for row in rows:
        if key(row) not in kept:
            continue
        before = kept[key(row)]
        if any(one["disturbed"] or one["ratio"] is None
               for one in (row, before)):
            skipped += 1
        elif is_worse(row, before):
            failed += 1
            print(f"{row['case']} {row['metric']}: {row['ratio']:.2f} x "
                  f"{row['peer']}, was {before['ratio']:.2f} "
                  f"({before['ratio_low']:.2f} to {before['ratio_high']:.2f}); "
                  f"the limit is {limit(before):.2f}")
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed"
          + (f", {skipped} skipped (disturbed)" if skipped else ""))
    return failed > 0 or passed == 0
