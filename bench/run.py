#!/usr/bin/env python3
"""The benchmark of writes: three durable servers beside the bare write path of the same run.

    bench/run.py BIN-FOLDER [--starts 7] [--seconds 2] [--clients 1 16 256 1024] [--data DIR]

Every start is a new set of processes, and the kinds take turns, so that what the machine does
meanwhile meets all of them. Prints medians, and the ratios that are the bars of the project. A bar
that is missed is said, not hidden; the exit status is 1 only if a command failed.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

KINDS = ("loop", "thread")
SYNC = "sync of 256 B over zeros"


def bare_write_path(binaries, folder, clients):
    report = folder / "floor.json"
    subprocess.run([binaries / "bare_write_path", "--dir", folder, "--json", report, "--probes", "300",
                    "--rounds", "1500", "--commands", ",".join(map(str, clients))],
                   check=True, stdout=subprocess.DEVNULL)
    measured = json.loads(report.read_text())
    rounds = {row["commands"]: row for row in measured["rounds"]}
    return rounds, {probe["name"]: probe for probe in measured["probes"]}


def cluster_load(binaries, folder, clients, kind, seconds):
    done = subprocess.run([binaries / "cluster_load", "--data", folder / kind, "--proposers", kind,
                           "--seconds", str(seconds), "--clients", *map(str, clients)],
                          check=True, capture_output=True, text=True)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    errors = sum(row["errors"] for row in rows)
    if errors:
        sys.exit(f"bench/run.py: {errors} writes failed with proposers '{kind}'")
    return {row["clients"]: row for row in rows}


def one_start(arguments):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="proa-bench-", dir=arguments.data))
    try:
        floor, probes = bare_write_path(arguments.binaries, folder, arguments.clients)
        loads = {kind: cluster_load(arguments.binaries, folder, arguments.clients, kind,
                                    arguments.seconds) for kind in KINDS}
        return floor, probes, loads
    finally:
        shutil.rmtree(folder)


def bar(name, value, limit, at_most):
    met = value <= limit if at_most else value >= limit
    sign = "<=" if at_most else ">="
    print(f"  {name:<58} {value:7.2f}   {sign} {limit:<5} {'met' if met else 'MISSED'}")


def report(starts, clients):
    def median(pick):
        return statistics.median(pick(start) for start in starts)

    print(f"medians of {len(starts)} starts, each of 3 processes; 256 B commands, fsync on")
    print(f"{'clients':>7} {'proposers':>9} {'commits/s':>10} {'p50 us':>8} {'p99 us':>8} "
          f"{'CPU us':>7} {'leader sw':>9} {'floor p50':>9} {'bound /s':>9} {'of bound':>8}")
    for n in clients:
        p50 = median(lambda start: start[0][n]["p50_us"])
        bound = median(lambda start: start[0][n]["bound_per_second"])
        for kind in KINDS:
            def of(field):
                return median(lambda start: start[2][kind][n][field])
            rate = of("commits_per_second")
            print(f"{n:>7} {kind:>9} {rate:>10.0f} {of('p50_us'):>8.1f} {of('p99_us'):>8.1f} "
                  f"{of('cpu_us_per_commit'):>7.2f} {of('leader_switches_per_commit'):>9.2f} "
                  f"{p50:>9.1f} {bound:>9.0f} {100 * rate / bound:>7.1f}%")
    per_sync = median(lambda start: start[1][SYNC]["switches"])
    print(f"a sync alone costs {per_sync:.2f} voluntary context switches")
    print("bars, each a median of ratios within a start:")
    if 1 in clients:
        def beyond_syncs(who, syncs):
            return median(lambda start: start[2]["loop"][1][f"{who}_switches_per_commit"]
                          - per_sync * syncs(start[2]["loop"][1]))
        bar("1 client: p50 over the bare write path",
            median(lambda start: start[2]["loop"][1]["p50_us"] / start[0][1]["p50_us"]), 1.2, True)
        bar("1 client: leader's switches per commit, syncs taken off",
            beyond_syncs("leader", lambda row: row["leader_syncs_per_commit"]), 3, True)
        bar("1 client: a follower's switches per commit, one sync off",
            beyond_syncs("follower", lambda row: 1), 1.5, True)
    for kind, limit in (("loop", 0.45), ("thread", 0.35)):
        if 256 in clients:
            bar(f"256 clients, proposers on {kind}: share of the bound",
                median(lambda start: start[2][kind][256]["commits_per_second"]
                       / start[0][256]["bound_per_second"]), limit, False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binaries", type=pathlib.Path)
    parser.add_argument("--starts", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16, 256, 1024])
    parser.add_argument("--data", default=".", help="a folder on the disk that is meant")
    arguments = parser.parse_args()
    starts = []
    for number in range(1, arguments.starts + 1):
        print(f"start {number} of {arguments.starts}", file=sys.stderr, flush=True)
        starts.append(one_start(arguments))
    report(starts, arguments.clients)


if __name__ == "__main__":
    main()
