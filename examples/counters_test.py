#!/usr/bin/env python3
"""Runs the two counters of README.md as their readers would.

    counters_test.py COUNTER COUNTER_SIX_PARTS

Waits for what the programs say; the only limit is that of the test runner.
"""

import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

COUNTER, SIX_PARTS = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:3])
NAMES = ["n1", "n2", "n3"]


def free_addresses(count):
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    addresses = ["127.0.0.1:%d" % one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return addresses


class Server:
    """A counter_six_parts that runs until its input ends."""

    def __init__(self, arguments):
        self.process = subprocess.Popen([SIX_PARTS, *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def add(self, number):
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.stdout.close()
        return self.process.wait()

    def kill(self):
        self.process.kill()
        self.end_pipes()
        self.process.wait()

    def end_pipes(self):
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                pass


class Counters(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.directory.name)
        self.servers = {}

    def tearDown(self):
        for server in self.servers.values():
            server.kill()
        self.directory.cleanup()

    def arguments(self, name, addresses):
        cluster = ",".join(f"{n}={a}" for n, a in zip(NAMES, addresses))
        return ["--name", name, "--cluster", cluster, "--data", str(self.root / name)]

    def start(self, addresses, names):
        for name in names:
            self.servers[name] = Server(self.arguments(name, addresses))

    def add_somewhere(self, number):
        """Asks one after another until one of them has added it. Returns its name and the total."""
        while True:
            for name, server in self.servers.items():
                answer = server.add(number)
                if answer.lstrip("-").isdigit():
                    return name, int(answer)

    def run_counter(self, arguments):
        return subprocess.run([COUNTER, *arguments], capture_output=True, text=True, check=False)

    def test_a_single_server_counts_on_after_each_start(self):
        arguments = self.arguments("n1", free_addresses(1))
        for total in ("1", "2", "3"):
            done = self.run_counter(arguments)
            self.assertEqual((done.returncode, done.stdout.split(), done.stderr), (0, [total], ""))

    def test_three_servers_keep_the_total_when_their_leader_dies(self):
        addresses = free_addresses(3)
        self.start(addresses, NAMES)
        leader, total = self.add_somewhere(5)
        self.assertEqual(total, 5)
        for other in self.servers:
            if other != leader:
                answer = self.servers[other].add(1)
                self.assertIn(answer.split()[0], ("ask", "not_leader:", "6"))
        self.servers.pop(leader).kill()
        _, after = self.add_somewhere(10)
        self.assertGreaterEqual(after, 15)
        for server in self.servers.values():
            self.assertEqual(server.end(), 0)
        self.servers.clear()

    def test_the_short_form_joins_two_others_and_says_whom_to_ask(self):
        addresses = free_addresses(3)
        self.start(addresses, NAMES[1:])
        leader, total = self.add_somewhere(7)
        self.assertEqual(total, 7)
        done = self.run_counter(self.arguments("n1", addresses))
        self.assertEqual(done.returncode, 0, done.stderr)
        asked = "ask " + addresses[NAMES.index(leader)]
        self.assertIn(done.stdout.strip(), (asked, "8"))

    def test_a_mistake_on_the_command_line_is_told_and_nothing_is_made(self):
        for arguments in (["--nmae", "n1"], ["--name"], ["--cluster", "n1"],
                          ["--name", "n9", "--cluster", "n1=127.0.0.1:7401"]):
            done = subprocess.run([COUNTER, *arguments], capture_output=True, text=True,
                                  check=False, cwd=self.root)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("invalid_config", done.stderr)
            self.assertEqual(list(self.root.iterdir()), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
