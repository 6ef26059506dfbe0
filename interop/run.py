#!/usr/bin/env python3
"""One cluster of real hashicorp/raft servers and ours, under the same faults.

Goal: each side follows, leads, repairs the other's log, installs its snapshots, takes leadership
over from it and survives SIGKILL of either, and no acknowledged write is lost. Method: three real
processes on loopback (n1 is hashicorp/raft, n2 and n3 are ours), driven over their control ports;
at the end every acknowledged key is on every server and the digests of all commands agree at equal
indexes. Exit code 1 if anything is missing.

Waits have a limit and wait for a stated condition; nothing depends on how long it takes.
"""
import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

WAIT_SECONDS = 60
COMMITS_PER_LEADER = 1000
KILLS_PER_KIND = 10
REPAIRS_PER_KIND = 3
REPAIR_ATTEMPTS_MAX = 60
INSTALLS_PER_KIND = 3
TRANSFERS_PER_ROW = 3
TRANSFER_ATTEMPTS_MAX = 10  # for one row; an election may come in between, entries be on their way
WRITES_AFTER_TRANSFER = 20
LOAD_DURING_TRANSFER = 50000  # writes; more than are done before it refuses them
LINES_IN_FLIGHT = 256
TRAILING = 16  # entries that a server keeps behind its snapshot


class Failed(Exception):
    pass


def wait_for(what, condition, seconds=WAIT_SECONDS):
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise Failed(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def free_ports(count):
    held = []
    for _ in range(count):
        one = socket.socket()
        one.bind(("127.0.0.1", 0))
        held.append(one)
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Peer:
    """A server process. `kind` is go or cpp."""

    def __init__(self, program, kind, name, ports, directory, log):
        self.program, self.kind, self.name = program, kind, name
        self.address = f"127.0.0.1:{ports[0]}"
        self.control_port = ports[1]
        self.directory = os.path.join(directory, name)
        self.log = log
        self.process = None
        self.kills = 0

    def start(self, servers, extra=()):
        os.makedirs(self.directory, exist_ok=True)
        self.process = subprocess.Popen(
            [self.program, "--id", self.name, "--address", self.address, "--control",
             f"127.0.0.1:{self.control_port}", "--data", self.directory, "--servers", servers,
             *extra], stdout=self.log, stderr=self.log)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        if self.alive():
            self.process.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()
        self.kills += 1

    def ask(self, line, seconds=20):
        """The answer to one command, or None if the server cannot be asked."""
        try:
            with socket.create_connection(("127.0.0.1", self.control_port), timeout=seconds) as link:
                link.sendall((line + "\n").encode())
                reader = link.makefile()
                text = reader.readline()
                return json.loads(text) if text else None
        except (OSError, ValueError):
            return None

    def ask_all(self, lines):
        """The answers to many commands, over one connection."""
        answers = []
        with socket.create_connection(("127.0.0.1", self.control_port), timeout=20) as link:
            reader = link.makefile()
            for first in range(0, len(lines), LINES_IN_FLIGHT):
                some = lines[first:first + LINES_IN_FLIGHT]
                link.sendall("".join(line + "\n" for line in some).encode())
                answers += [json.loads(reader.readline()) for _ in some]
        return answers

    def status(self):
        return self.ask("status", seconds=2)


class Cluster:
    def __init__(self, args, directory):
        self.log = open(os.path.join(directory, "servers.log"), "ab")
        self.acked = []
        self.lock = threading.Lock()
        self.loads = 0
        self.repairs = {"go": 0, "cpp": 0}
        self.installs = {"go": 0, "cpp": 0}
        self.leads = {"go": 0, "cpp": 0}
        kinds = ["go", "cpp", "cpp"]
        ports = free_ports(6)
        programs = {"go": args.go_peer, "cpp": args.cpp_peer}
        self.peers = [
            Peer(programs[kind], kind, f"n{i + 1}", ports[2 * i:2 * i + 2], directory, self.log)
            for i, kind in enumerate(kinds)]
        self.servers = ",".join(f"{p.name}={p.address}" for p in self.peers)
        self.extra = ["--trailing", str(TRAILING)]

    def start(self, peer):
        peer.start(self.servers, self.extra)

    def stop_all(self):
        for peer in self.peers:
            if peer.alive():
                peer.signal(signal.SIGCONT)
                peer.kill()

    def of_kind(self, kind):
        return [p for p in self.peers if p.kind == kind]

    def leader(self):
        found = [(s["term"], p) for p in self.peers
                 for s in [p.status() if p.alive() else None]
                 if s and s["role"].lower() == "leader"]
        return max(found, key=lambda pair: pair[0])[1] if found else None

    def wait_leader(self, kind=None):
        def condition():
            leader = self.leader()
            return leader if leader and (kind is None or leader.kind == kind) else None
        return wait_for(f"a leader of kind {kind or 'any'}", condition)

    def load(self, peer, count, inflight=32):
        """Writes through `peer` and remembers what was acknowledged; says how many."""
        with self.lock:
            self.loads += 1
            prefix = f"w{self.loads}"
        answer = peer.ask(f"load {prefix} {count} {inflight}", seconds=60)
        if not answer or not answer.get("ok"):
            return 0
        with self.lock:
            self.acked += [(f"{prefix}-{n}", str(n)) for n in answer["acked"]]
            self.leads[peer.kind] += len(answer["acked"])
        return len(answer["acked"])

    def commit_through(self, kind, count):
        done = 0
        while done < count:
            self.make_leader(kind)
            leader = self.leader()
            if leader and leader.kind == kind:
                done += self.load(leader, min(250, count - done))
        return done

    def make_leader(self, kind):
        """Pauses leaders of the other kind until one of `kind` leads."""
        for _ in range(REPAIR_ATTEMPTS_MAX):
            leader = self.wait_leader()
            if leader.kind == kind:
                return leader
            others = [p for p in self.peers if p is not leader]
            leader.signal(signal.SIGSTOP)
            try:
                wait_for("another leader", lambda: any(
                    s and s["role"].lower() == "leader" for s in (p.status() for p in others)))
            finally:
                leader.signal(signal.SIGCONT)
            # The old leader has to hear of the new one before it counts as a follower.
            wait_for("one leader", lambda: sum(
                1 for p in self.peers for s in [p.status()]
                if s and s["role"].lower() == "leader") == 1)
        raise Failed(f"no leader of kind {kind} in {REPAIR_ATTEMPTS_MAX} elections")

    def settle(self):
        """All servers have applied the same index; digests agree there and before."""
        leader = self.wait_leader()
        wait_for("a write that commits", lambda: self.load(self.wait_leader(), 1) == 1)

        def level():
            states = [p.status() for p in self.peers]
            if not all(states):
                return None
            return len({s["applied"] for s in states}) == 1 and states[0]["applied"] > 0
        wait_for("equal applied indexes", level)
        last = leader.status()["applied"]
        compared = 0
        for index in sorted({last, last - 1, last * 3 // 4, last // 2, last // 4}):
            answers = [a for a in (p.ask(f"digest {index}") for p in self.peers) if a and a["ok"]]
            at = {a["index"] for a in answers}
            for place in at:
                digests = {a["digest"] for a in answers if a["index"] == place}
                if len(digests) != 1:
                    raise Failed(f"digests differ at index {place}: {answers}")
                compared += sum(1 for a in answers if a["index"] == place) > 1
        if compared == 0:
            raise Failed("no two servers had a digest at one index")
        return last, compared

    def check_acked(self):
        for peer in self.peers:
            answers = peer.ask_all([f"get {key}" for key, _ in self.acked])
            for (key, value), answer in zip(self.acked, answers):
                if answer.get("value") != value:
                    raise Failed(f"{peer.name} ({peer.kind}) lost the acknowledged {key}: {answer}")
        return len(self.acked)

    def collect(self, peer):
        """Counters live in the process: take them before it dies."""
        status = peer.status()
        if status:
            self.repairs[peer.kind] += status["repairs"]
            self.installs[peer.kind] += status["installs"]

    def restart(self, peer):
        self.start(peer)
        wait_for(f"{peer.name} to answer", peer.status)


def phase_kills(cluster, rows):
    for kind in ("go", "cpp"):
        victims = cluster.of_kind(kind)
        for round_number in range(KILLS_PER_KIND):
            leader = cluster.wait_leader()
            loader = threading.Thread(target=cluster.load, args=(leader, 400))
            loader.start()
            victim = victims[round_number % len(victims)]
            before = leader.status()
            wait_for("load to make progress", lambda: not loader.is_alive() or (
                (leader.status() or {}).get("commit", 0) > (before or {}).get("commit", 0) + 20))
            cluster.collect(victim)
            victim.kill()
            loader.join()
            wait_for("a write without it", lambda: cluster.load(cluster.wait_leader(), 5) > 0)
            cluster.restart(victim)
            cluster.wait_leader()
        rows.append((f"SIGKILL of {kind} servers under load", sum(p.kills for p in victims),
                     KILLS_PER_KIND))


def lead_by(cluster, kind, alive):
    """Of two servers that are alive, lets one of `kind` lead: the other is restarted until then,
    and a server that has just started waits longest before it campaigns."""
    for _ in range(REPAIR_ATTEMPTS_MAX):
        leader = cluster.wait_leader()
        if leader.kind == kind or kind not in {p.kind for p in alive}:
            return
        cluster.collect(leader)
        leader.kill()
        leader.kills -= 1
        cluster.restart(leader)
    raise Failed(f"no leader of kind {kind} in {REPAIR_ATTEMPTS_MAX} restarts of the other")


def phase_repairs(cluster, rows):
    """A leader whose followers are dead appends what never commits, dies, and is repaired.

    Followers that only sleep find the tail in their sockets when they wake, and keep it.
    """
    for kind in ("go", "cpp"):
        other = "cpp" if kind == "go" else "go"
        done = attempts = 0
        while done < REPAIRS_PER_KIND:
            attempts += 1
            if attempts > REPAIR_ATTEMPTS_MAX:
                raise Failed(f"{done} repairs of a {kind} log by a {other} leader in {attempts}")
            old = cluster.make_leader(kind)
            followers = [p for p in cluster.peers if p is not old]
            before = wait_for("the leader's status", old.status)["last"]
            for peer in followers:
                peer.kill()
                peer.kills -= 1
            loader = threading.Thread(target=cluster.load, args=(old, 20, 20))
            loader.start()
            wait_for("an uncommitted tail",
                     lambda: (old.status() or {}).get("last", before) > before)
            cluster.collect(old)
            old.kill()
            old.kills -= 1
            loader.join()
            for peer in followers:
                cluster.restart(peer)
            lead_by(cluster, other, followers)
            wait_for("writes without it", lambda: cluster.load(cluster.wait_leader(), 5) > 0)
            cluster.restart(old)
            wait_for("it to catch up", lambda: (old.status() or {}).get("applied", 0) >= (
                (cluster.wait_leader().status() or {}).get("applied", 1 << 62)))
            now = cluster.leader()
            if (old.status() or {}).get("repairs", 0) > 0 and now and now.kind == other:
                done += 1
        rows.append((f"log of a {kind} server repaired by a {other} leader", done, REPAIRS_PER_KIND))


def phase_installs(cluster, rows):
    """A server is down while the others write, take snapshots and compact their logs: back again,
    it gets the leader's snapshot and what follows it."""
    for kind in ("go", "cpp"):
        other = "cpp" if kind == "go" else "go"
        done = attempts = 0
        while done < INSTALLS_PER_KIND:
            attempts += 1
            if attempts > REPAIR_ATTEMPTS_MAX:
                raise Failed(f"{done} snapshots of a {other} leader on a {kind} server in {attempts}")
            leader = cluster.make_leader(other)
            late = next(p for p in cluster.of_kind(kind) if p is not leader)
            cluster.collect(late)
            late.kill()
            late.kills -= 1
            wait_for("writes without it",
                     lambda: cluster.load(cluster.wait_leader(), 4 * TRAILING) > 2 * TRAILING)
            for peer in cluster.peers:
                if peer is not late:
                    wait_for(f"a snapshot of {peer.name}",
                             lambda p=peer: (p.ask("snapshot") or {}).get("ok"))
            cluster.restart(late)
            wait_for("it to catch up", lambda: (late.status() or {}).get("applied", 0) >= (
                (cluster.wait_leader().status() or {}).get("applied", 1 << 62)))
            now = cluster.leader()
            if late.status()["installs"] > 0 and now and now.kind == other:
                done += 1
        rows.append((f"snapshot of a {other} leader installed on a {kind} server", done,
                     INSTALLS_PER_KIND))


def one_term(cluster):
    """The leader and its term, once every server follows it in that term."""
    def condition():
        states = [p.status() for p in cluster.peers]
        if not all(states) or len({s["term"] for s in states}) != 1:
            return None
        leaders = [p for p, s in zip(cluster.peers, states) if s["role"].lower() == "leader"]
        if len(leaders) != 1:
            return None
        names = (leaders[0].name, leaders[0].address)
        followed = all(s["leader"] in names for s in states)
        return (leaders[0], states[0]["term"]) if followed else None
    return wait_for("one term in which all follow one leader", condition)


def leader_after(cluster, term):
    """Who leads in a term after this one, and in which."""
    def condition():
        found = [(s["term"], p) for p in cluster.peers for s in [p.status()]
                 if s and s["role"].lower() == "leader" and s["term"] > term]
        return max(found, key=lambda pair: pair[0]) if found else None
    return wait_for(f"a leader after term {term}", condition)


def hand_over(cluster, old, term, target, under_load):
    """Transfers leadership to a named server. Says what was not as it should be: nothing, if the
    target leads in the very next term, takes writes, and all have the same state."""
    acked = []
    loader = threading.Thread(
        target=lambda: acked.append(cluster.load(old, LOAD_DURING_TRANSFER)))
    if under_load:
        before = wait_for("the leader's status", old.status)["commit"]
        loader.start()
        wait_for("load to make progress", lambda: not loader.is_alive() or (
            (old.status() or {}).get("commit", 0) > before + 20))
    answer = old.ask(f"transfer {target.name} {target.address}")
    if under_load:
        loader.join()
        if not 0 < acked[0] < LOAD_DURING_TRANSFER:
            return f"{acked[0]} of {LOAD_DURING_TRANSFER} writes were done: it was not under load"
    if not answer or not answer["ok"]:
        return f"{old.name} answered {answer}"
    reached, leader = leader_after(cluster, term)
    if (reached, leader) != (term + 1, target):
        return f"{leader.name} leads in term {reached}, not {target.name} in {term + 1}"
    written = cluster.load(target, WRITES_AFTER_TRANSFER)
    if written < WRITES_AFTER_TRANSFER:
        return f"{target.name} took {written} of {WRITES_AFTER_TRANSFER} writes"
    cluster.settle()
    now, term_now = one_term(cluster)
    if (term_now, now) != (term + 1, target):
        return f"{target.name} did not stay leader: {now.name} leads in term {term_now}"
    return None


def phase_transfers(cluster, rows):
    """Leadership goes to and fro between the two kinds, each time to a server that is named: by the
    leader's TimeoutNow, and without an election that anybody's clock would have begun."""
    for under_load in (False, True):
        done, attempts = {"go": 0, "cpp": 0}, {"go": 0, "cpp": 0}
        names = {kind: f"a {kind} leader hands over to a named {other} server"
                       f"{', under load' if under_load else ''}"
                 for kind, other in (("go", "cpp"), ("cpp", "go"))}
        while min(done.values()) < TRANSFERS_PER_ROW:
            old, term = one_term(cluster)
            others = [p for p in cluster.peers if p.kind != old.kind]
            target = others[attempts[old.kind] % len(others)]
            attempts[old.kind] += 1
            wrong = hand_over(cluster, old, term, target, under_load)
            if wrong is None:
                done[old.kind] += 1
                continue
            print(f"     no transfer from {old.name} to {target.name}: {wrong}", flush=True)
            if attempts[old.kind] >= TRANSFER_ATTEMPTS_MAX:
                raise Failed(f"{names[old.kind]}: {done[old.kind]} times in "
                             f"{attempts[old.kind]} attempts, at last: {wrong}")
            if old.kind == "go":
                # hashicorp/raft #696: a transfer that ran out of time may make its server refuse
                # every write, as leader, until it is started again.
                cluster.collect(old)
                old.kill()
                old.kills -= 1
                cluster.restart(old)
        rows += [(names[kind], done[kind], TRANSFERS_PER_ROW) for kind in ("go", "cpp")]


def run(cluster, rows):
    for peer in cluster.peers:
        cluster.start(peer)
    cluster.wait_leader()
    for kind in ("cpp", "go"):
        done = cluster.commit_through(kind, COMMITS_PER_LEADER)
        rows.append((f"commits led by a {kind} server", done, COMMITS_PER_LEADER))
    phase_kills(cluster, rows)
    phase_repairs(cluster, rows)
    phase_installs(cluster, rows)
    phase_transfers(cluster, rows)
    last, compared = cluster.settle()
    rows.append((f"digests equal at equal index (up to {last})", compared, 1))
    rows.append(("acknowledged writes found on all three", cluster.check_acked(), 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--go-peer", required=True)
    parser.add_argument("--cpp-peer", required=True)
    parser.add_argument("--keep", action="store_true", help="keep data and logs")
    args = parser.parse_args()
    directory = tempfile.mkdtemp(prefix="proa-interop-")
    cluster = Cluster(args, directory)
    failed = None
    rows = []
    try:
        run(cluster, rows)
    except Failed as error:
        failed = error
    finally:
        cluster.stop_all()
    for what, count, least in rows:
        print(f"{'ok  ' if count >= least else 'FAIL'} {what:58} {count:8} (at least {least})")
    if failed:
        print(f"FAIL {failed}\n     servers' log: {directory}/servers.log")
        sys.exit(1)
    if not args.keep:
        shutil.rmtree(directory)
    if any(count < least for _, count, least in rows):
        sys.exit(1)
    print("interop: all rows reached")


if __name__ == "__main__":
    main()
