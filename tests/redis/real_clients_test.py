#!/usr/bin/env python3
"""Real Redis clients against three server processes on loopback.

    real_clients_test.py BUILD/bin [TEST ...]

Needs the module redis (python3-redis), redis-cli and redis-benchmark.
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import redis

BIN = pathlib.Path(sys.argv.pop(1)) if len(sys.argv) > 1 else pathlib.Path("build/dev/bin")
PATIENCE_S = 60  # for anything that must come true


def free_ports(count):
    """Ports that were free a moment ago; below the range that the system gives to clients."""
    sockets = []
    for port in range(20000 + os.getpid() % 5000, 32000):
        candidate = socket.socket()
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            candidate.close()
            continue
        sockets.append(candidate)
        if len(sockets) == count:
            break
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Cluster:
    """Three processes of redis_node, each with a directory of its own."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="proa-redis-"))
        ports = free_ports(6)
        self.client_ports = ports[:3]
        self.peers = [f"127.0.0.1:{port}" for port in ports[3:]]
        self.processes = [None] * 3
        for server in range(3):
            self.start(server)

    def start(self, server):
        log = open(self.directory / f"n{server + 1}.log", "ab")
        process = subprocess.Popen(
            [BIN / "redis_node", str(server + 1), self.directory / f"n{server + 1}",
             f"127.0.0.1:{self.client_ports[server]}", *self.peers],
            stdout=subprocess.PIPE, stderr=log)
        log.close()
        if not process.stdout.readline().startswith(b"ready"):
            raise RuntimeError(f"n{server + 1} does not start, see {self.directory}")
        self.processes[server] = process

    def kill(self, server, how=signal.SIGKILL):
        self.processes[server].send_signal(how)
        code = self.processes[server].wait(PATIENCE_S)
        self.processes[server].stdout.close()
        self.processes[server] = None
        return code

    def client(self, server, **options):
        return redis.Redis(port=self.client_ports[server], socket_timeout=PATIENCE_S, **options)

    def leader(self):
        """Who leads, as a server that does says itself."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            for server, process in enumerate(self.processes):
                if process is not None and self.client(server).role()[0] == b"master":
                    return server
            self.dbsize_of_any()  # waits until somebody leads
        raise AssertionError(f"nobody leads within {PATIENCE_S} s, see {self.directory}")

    def dbsize_of_any(self):
        for server, process in enumerate(self.processes):
            if process is not None:
                try:
                    return self.client(server).dbsize()
                except redis.RedisError:
                    pass
        return None

    def stop(self):
        for server, process in enumerate(self.processes):
            if process is not None:
                self.kill(server)
        shutil.rmtree(self.directory)


class RealClients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.lead = cls.cluster.leader()
        cls.follow = (cls.lead + 1) % 3

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()

    def cli(self, server, *arguments, **options):
        done = subprocess.run(
            ["redis-cli", "-p", str(self.cluster.client_ports[server]), *arguments],
            capture_output=True, text=True, timeout=PATIENCE_S, check=True, **options)
        return done.stdout.strip()

    def test_redis_cli_writes_through_a_follower_and_reads_anywhere(self):
        self.assertEqual(self.cli(self.follow, "SET", "cli", "value"), "OK")
        for server in range(3):
            self.assertEqual(self.cli(server, "GET", "cli"), "value")
        self.assertEqual(self.cli(self.follow, "-3", "GET", "nothing"), "")
        self.assertEqual(self.cli(self.follow, "INCR", "cli"),
                         "ERR value is not an integer or out of range")

    def test_redis_cli_in_interactive_and_in_pipe_mode(self):
        self.assertEqual(self.cli(self.follow, input="SET a 1\nINCR a\nGET a\n"), "OK\n2\n2")
        commands = "".join(f"SET pipe{number} {number}\r\n" for number in range(2000))
        self.assertIn("errors: 0, replies: 2000", self.cli(self.follow, "--pipe", input=commands))
        self.assertEqual(self.cli(self.lead, "GET", "pipe1999"), "1999")

    def test_redis_benchmark_of_leader_and_follower_shows_no_error(self):
        for server in (self.lead, self.follow):
            done = subprocess.run(
                ["redis-benchmark", "-p", str(self.cluster.client_ports[server]), "-t",
                 "ping,set,get,incr,mset", "-P", "16", "-n", "5000", "-q"],
                capture_output=True, text=True, timeout=PATIENCE_S, check=True)
            self.assertNotIn("rror", done.stdout + done.stderr)
            self.assertEqual(done.stdout.count("requests per second"), 6, done.stdout)

    def test_redis_py_has_its_commands(self):
        for server in (self.lead, self.follow):
            client = self.cluster.client(server, client_name="test")
            client.delete("n", "s", "t")
            self.assertTrue(client.set("s", b"\x00binary\r\n"))
            self.assertEqual(client.get("s"), b"\x00binary\r\n")
            self.assertIsNone(client.set("s", "x", nx=True))
            self.assertEqual(client.set("s", "y", get=True), b"\x00binary\r\n")
            self.assertEqual([client.incr("n"), client.incr("n", 9), client.decr("n", 3)],
                             [1, 10, 7])
            self.assertTrue(client.mset({"t": "1", "s": "2"}))
            self.assertEqual(client.mget("t", "nothing", "s"), [b"1", None, b"2"])
            self.assertEqual([client.append("t", "23"), client.strlen("t")], [3, 3])
            self.assertEqual([client.exists("t", "s", "nothing"), client.delete("t")], [2, 1])
            self.assertEqual(client.client_getname(), "test")
            self.assertEqual(client.config_get("save"), {"save": ""})
            self.assertEqual(client.info()["loading"], 0)
            self.assertGreater(client.command_count(), 20)
            self.assertGreater(client.dbsize(), 0)
            with self.assertRaisesRegex(redis.ResponseError, "keys do not expire"):
                client.set("s", "x", ex=10)
            with self.assertRaisesRegex(redis.ResponseError, "unknown command"):
                client.lpush("list", "x")

    def test_redis_py_pipelines_are_answered_in_order(self):
        pipeline = self.cluster.client(self.follow).pipeline(transaction=False)
        pipeline.delete("order")
        for _ in range(500):
            pipeline.incr("order")
            pipeline.get("order")
        answers = pipeline.execute()[1:]
        self.assertEqual(answers[0::2], list(range(1, 501)))
        self.assertEqual(answers[1::2], [str(number).encode() for number in range(1, 501)])

    def test_redis_py_transactions_are_whole(self):
        for server in (self.lead, self.follow):
            pipeline = self.cluster.client(server).pipeline()
            pipeline.delete("whole").incr("whole").get("whole").append("whole", "x")
            self.assertEqual(pipeline.execute()[1:], [1, b"1", 2])

    def test_a_large_value_goes_through_a_follower_and_back(self):
        value = os.urandom(8 << 20)
        self.assertTrue(self.cluster.client(self.follow).set("large", value))
        self.assertEqual(self.cluster.client((self.lead + 2) % 3).get("large"), value)
        self.cluster.client(self.follow).delete("large")

    def test_malformed_bytes_end_one_connection_and_disturb_no_other(self):
        client = self.cluster.client(self.follow)
        self.assertTrue(client.ping())
        with socket.create_connection(("127.0.0.1", self.cluster.client_ports[self.follow]),
                                      PATIENCE_S) as raw:
            raw.sendall(b"*1\r\n$4\r\nPING\r\n*1\r\n!nonsense\r\n")
            received = b""
            while piece := raw.recv(4096):
                received += piece
        self.assertEqual(received, b"+PONG\r\n-ERR Protocol error: expected '$', got '!'\r\n")
        self.assertTrue(client.ping())

    def test_hiredis_pipelines(self):
        for server in (self.lead, self.follow):
            subprocess.run([BIN / "hiredis_client", str(self.cluster.client_ports[server])],
                           timeout=PATIENCE_S, check=True)


class LeaderDies(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster()

    def tearDown(self):
        self.cluster.stop()

    def write(self, server, key, value):
        """Until it is acknowledged: setting the same again does no harm."""
        until = time.monotonic() + PATIENCE_S
        client = self.cluster.client(server)
        while time.monotonic() < until:
            try:
                return client.set(key, value)
            except redis.RedisError as error:
                last = error
                self.cluster.dbsize_of_any()  # waits until somebody leads
        raise last

    def test_and_every_acknowledged_write_is_on_all_three(self):
        for number in range(200):
            self.write(number % 3, f"key{number}", f"before{number}")
        gone = self.cluster.leader()
        self.cluster.kill(gone)
        for number in range(100):
            self.write((gone + 1 + number % 2) % 3, f"key{number}", f"without{number}")
        self.cluster.start(gone)
        self.write(gone, "after", "return")
        for server in range(3):
            client = self.cluster.client(server)
            self.assertEqual(client.get("after"), b"return")
            for number in range(200):
                word = "without" if number < 100 else "before"
                self.assertEqual(client.get(f"key{number}"), f"{word}{number}".encode())


if __name__ == "__main__":
    unittest.main(verbosity=2)
