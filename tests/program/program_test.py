#!/usr/bin/env python3
"""What people and scripts see of the program: commands, refusals, exit codes.

    program_test.py PROGRAM [unittest arguments]
"""

import hashlib
import json
import os
import pathlib
import pty
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from servers import Cluster, Process, RedisError, WAIT, free_port_block, free_ports
from small_disk import NotPermitted, SmallDisk

PROGRAM = ""
OK, FAILED, USAGE, CANNOT_CONNECT, NO_LEADER, NOT_FOUND, REFUSED = 0, 1, 2, 3, 4, 5, 6


def snapshot_of(directory):
    """Every path below a directory with the hash of what is in it."""
    return {str(path.relative_to(directory)):
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "directory"
            for path in sorted(pathlib.Path(directory).rglob("*"))
            if path.name != "lock"}  # it names whoever tried last


class ProgramTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="proa-test-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def cluster(self, size=3, flags=()):
        cluster = Cluster(PROGRAM, self.directory, size, flags)
        self.addCleanup(cluster.close)
        return cluster

    def run_program(self, *words, environment=None):
        return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True,
                              timeout=WAIT, check=False,
                              env=dict(os.environ, **(environment or {})))

    def refused(self, command, code, *texts, limits=()):
        """The command ends with that code, a sentence that says all of the texts, and a hint."""
        process = Process(command, limits)
        self.addCleanup(process.kill)
        self.assertEqual(process.wait_exit(), code, process.output())
        for text in ("error: ", *texts):
            self.assertIn(text, process.output())
        return process.output()


class CommandLine(ProgramTest):
    def test_version_and_help_are_results(self):
        self.assertRegex(self.run_program("version").stdout, r"^proa \d+\.\d+\.\d+\n$")
        for words in (["--help"], ["serve", "--help"], ["member", "add", "--help"]):
            shown = self.run_program(*words)
            self.assertEqual((shown.returncode, shown.stderr), (OK, ""))
        self.assertNotIn("test-disk", self.run_program("serve", "--help").stdout)

    def test_what_is_no_command_is_a_usage_error_with_a_hint(self):
        for words in ([], ["server"], ["serve", "--nmae", "n1"], ["member"], ["member", "add"]):
            refused = self.run_program(*words)
            self.assertEqual(refused.returncode, USAGE, words)
            self.assertIn("error: ", refused.stderr)
            self.assertIn("hint: ", refused.stderr)

    def test_a_setting_may_come_from_a_flag_the_environment_or_a_file(self):
        file = self.directory / "proa.toml"
        file.write_text('data = "/nowhere"\ncluster = ["n1=127.0.0.1:1"]\nheartbeat = "1ms"\n')
        refused = self.run_program("serve", "--config", file, environment={"PROA_NAME": "n1"})
        self.assertEqual(refused.returncode, USAGE)
        self.assertIn("heartbeat_timeout", refused.stderr)


class InvalidConfig(ProgramTest):
    def serve(self, *flags):
        return [PROGRAM, "serve", "--name", "n1", "--data", self.directory / "data", "--cluster",
                "n1=127.0.0.1:1", *flags]

    def test_a_flag_is_named_with_its_value_and_what_is_allowed(self):
        for flags, *texts in ((["--name", "a b"], "--name", "'a b'", "letters"),
                              (["--listen", "x"], "--listen", "'x'", "host:port"),
                              (["--heartbeat", "5"], "--heartbeat", "'5'", "250ms"),
                              (["--log-level", "loud"], "--log-level", "'loud'", "debug"),
                              (["--cluster", "n2=h:1"], "--cluster", "n1")):
            self.refused(self.serve(*flags), USAGE, *texts)
        self.assertFalse((self.directory / "data").exists())

    def test_a_bound_of_the_library_is_named_with_its_field_and_value(self):
        self.refused(self.serve("--heartbeat", "1ms"), USAGE, "heartbeat_timeout", "1ms", "5ms")
        self.refused(self.serve("--heartbeat", "900ms", "--election", "800ms"), USAGE,
                     "election_timeout", "800ms", "900ms")
        self.assertFalse((self.directory / "data").exists())

    def test_a_key_of_the_file_that_does_not_exist_is_named_with_the_one_that_was_meant(self):
        file = self.directory / "proa.toml"
        file.write_text('name = "n1"\npeer_lisen = "h:1"\n')
        self.refused([PROGRAM, "serve", "--config", file], USAGE, "proa.toml:2", "peer_listen")


class RefusedStarts(ProgramTest):
    """Each stops the start with a sentence and a hint and leaves the data as it was."""

    def founded(self):
        cluster = self.cluster(size=1)
        cluster.start_all()
        client = cluster.client("n1")
        cluster.running["n1"].wait_line("now Leader")
        self.assertEqual(client("SET", "k", "v"), "OK")
        return cluster

    def test_a_second_server_on_the_same_data_directory(self):
        cluster = self.founded()
        ports = free_ports(2)
        second = [PROGRAM, "serve", "--name", "n1", "--data", cluster.member("n1").data,
                  "--cluster", f"n1=127.0.0.1:{ports[0]}", "--listen", f"127.0.0.1:{ports[1]}"]
        self.refused(second, FAILED, str(cluster.member("n1").data), "another process")
        self.assertEqual(cluster.client("n1")("GET", "k"), "v")

    def test_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            cluster = self.cluster(size=1)
            for flags in (["--listen", f"127.0.0.1:{port}"],
                          ["--peer-listen", f"127.0.0.1:{port}"]):
                output = self.refused(cluster.command("n1", *flags), FAILED,
                                      f"127.0.0.1:{port}", "in use")
                self.assertIn("hint: ", output)
        self.assertFalse(cluster.member("n1").data.exists())

    def test_a_directory_that_cannot_be_made(self):
        cluster = self.cluster(size=1)
        file = self.directory / "file"
        file.write_text("in the way")
        command = cluster.command("n1", "--data", file / "data")
        output = self.refused(command, FAILED, str(file))
        self.assertIn("hint: ", output)
        self.assertEqual(file.read_text(), "in the way")

    def test_a_full_disk(self):
        cluster = self.cluster(size=1)
        output = self.refused(cluster.command("n1"), FAILED, str(cluster.member("n1").data),
                              limits=[(resource.RLIMIT_FSIZE, 16 << 10)])
        self.assertIn("hint: ", output)
        cluster.start_all()  # with room it goes on where it stopped
        cluster.running["n1"].wait_line("now Leader")
        self.assertEqual(cluster.client("n1")("SET", "k", "v"), "OK")

    def test_the_directory_of_another_server(self):
        cluster = self.founded()
        self.assertEqual(cluster.stop("n1"), OK)
        before = snapshot_of(self.directory)
        ports = free_ports(2)
        other = [PROGRAM, "serve", "--name", "n2", "--data", cluster.member("n1").data,
                 "--cluster", f"n2=127.0.0.1:{ports[0]}", "--listen", f"127.0.0.1:{ports[1]}"]
        output = self.refused(other, USAGE, "belongs to server n1")
        self.assertIn("hint: ", output)
        self.assertEqual(snapshot_of(self.directory), before)

    def test_a_directory_with_something_else_in_it(self):
        cluster = self.cluster(size=1)
        cluster.member("n1").data.mkdir()
        (cluster.member("n1").data / "thesis.tex").write_text("chapter one")
        before = snapshot_of(self.directory)
        self.assertIn("hint: ", self.refused(cluster.command("n1"), USAGE, "thesis.tex"))
        self.assertEqual(snapshot_of(self.directory), before)

    def test_a_file_of_a_newer_format(self):
        cluster = self.founded()
        self.assertEqual(cluster.stop("n1"), OK)
        data = cluster.member("n1").data
        for name, text in (("identity", "proa server identity, format 9\nname n1\n"),
                           ("proa-format", "proa data directory, format 9\n")):
            kept = (data / name).read_bytes()
            (data / name).write_text(text)
            before = snapshot_of(self.directory)
            output = self.refused(cluster.command("n1"), CANNOT_CONNECT, name, "format 9")
            self.assertIn("hint: ", output)
            self.assertEqual(snapshot_of(self.directory), before)
            (data / name).write_bytes(kept)

    def test_a_log_that_is_missing(self):
        cluster = self.founded()
        self.assertEqual(cluster.stop("n1"), OK)
        log = cluster.member("n1").data / "log"
        kept = log.rename(self.directory / "kept")
        for make_empty in (lambda: None, log.mkdir):
            make_empty()
            before = snapshot_of(self.directory)
            output = self.refused(cluster.command("n1"), FAILED, "the log of this server is missing")
            self.assertIn("hint: bring the log back", output)
            shutil.rmtree(log)  # a new one was begun
            self.assertEqual(snapshot_of(self.directory) | {"n1/log": "directory"},
                             before | {"n1/log": "directory"})
        kept.rename(log)
        cluster.start_all()
        cluster.running["n1"].wait_line("now Leader")
        self.assertEqual(cluster.client("n1")("GET", "k"), "v")

    def test_a_damaged_identity(self):
        cluster = self.founded()
        self.assertEqual(cluster.stop("n1"), OK)
        identity = cluster.member("n1").data / "identity"
        identity.write_text(identity.read_text().replace("name n1", "name n7"))
        before = snapshot_of(self.directory)
        self.assertIn("hint: ", self.refused(cluster.command("n1"), FAILED, "identity is damaged"))
        identity.unlink()
        self.assertIn("hint: ", self.refused(cluster.command("n1"), FAILED, "not the file identity"))
        del before["n1/identity"]
        self.assertEqual(snapshot_of(self.directory), before)


class FailingDisk(ProgramTest):
    def test_a_write_that_fails_stops_the_node_and_the_cluster_goes_on(self):
        cluster = self.cluster()
        cluster.start_all()
        status = json.loads(cluster.run("leader", "show", "--json").stdout or "{}")
        while "name" not in status:
            status = json.loads(cluster.run("leader", "show", "--json").stdout or "{}")
        leader = status["name"]
        client = cluster.client(leader)
        self.assertEqual(client("SET", "before", "1"), "OK")
        failing = cluster.running[leader]
        failing.limit_file_size(4096)
        answers = self.outcomes(client, [("SET", f"key{number}", "x") for number in range(50)])
        self.assertEqual(len(answers), 50)  # each is told, by a connection that then ends
        for answer in answers:
            self.assertNotEqual(answer, "OK")
        self.assertEqual(failing.wait_exit(), FAILED, failing.output())
        self.assertIn("error: ", failing.output())
        self.assertIn(str(cluster.member(leader).data), failing.output())
        self.assertIn("hint: ", failing.output())
        cluster.running.pop(leader).kill()

        other = next(member.name for member in cluster.members if member.name != leader)
        self.assertEqual(self.write_until_taken(cluster.client(other), "after", "2"), "OK")
        cluster.start(leader).wait_line("ready")
        back = cluster.client(leader)
        self.assertEqual(self.read_until_answered(back, "before"), "1")
        self.assertEqual(self.read_until_answered(back, "after"), "2")

    def test_a_sync_that_fails_stops_the_node_and_what_was_acknowledged_is_there(self):
        cluster = self.cluster(size=1, flags=["--test-disk", "log-fails"])
        cluster.start_all()
        client = cluster.client("n1")
        self.write_until_taken(client, "key", "0")
        told = ["OK"]
        while told[-1] == "OK":
            told += self.outcomes(client, [("SET", "key", len(told))])
        self.assertRegex(told[-1], "^TIMEOUT outcome unknown")
        failing = cluster.running.pop("n1")
        self.assertEqual(failing.wait_exit(), FAILED, failing.output())
        self.assertIn("error: cannot sync", failing.output())
        failing.kill()
        cluster.flags = []
        cluster.start("n1").wait_line("ready")
        value = self.read_until_answered(cluster.client("n1"), "key")
        self.assertIn(int(value), (len(told) - 2, len(told) - 1))

    @staticmethod
    def outcomes(client, commands):
        """What a client learns of each command: a reply, or that the connection is gone."""
        answers = []
        try:
            client.socket.sendall(b"".join(client.encode(words) for words in commands))
            for _ in commands:
                try:
                    answers.append(client.reply())
                except RedisError as error:
                    answers.append(str(error))
        except OSError:
            pass
        return answers

    @staticmethod
    def write_until_taken(client, key, value):
        while True:
            try:
                return client("SET", key, value)
            except RedisError:
                pass  # there is no leader yet

    @staticmethod
    def read_until_answered(client, key):
        while True:
            try:
                return client("GET", key)
            except RedisError:
                pass


class FullDisk(ProgramTest):
    """A disk without room stops the server with a sentence and a hint and leaves the data as it is;
    with room again it starts."""

    def setUp(self):
        super().setUp()
        try:
            self.disk = SmallDisk(160 << 20)  # two segments of the log and something to fill
        except NotPermitted as error:
            self.skipTest(f"no file system of its own here: {error}")
        self.addCleanup(self.disk.close)
        self.one = Cluster(PROGRAM, self.disk.path, size=1)
        self.addCleanup(self.one.close)

    def start_and_lead(self):
        self.one.start_all()
        self.one.running["n1"].wait_line("now Leader")
        return self.one.client("n1")

    def refused_for_want_of_room(self):
        output = self.refused(self.one.command("n1"), FAILED, str(self.one.member("n1").data),
                              "No space left on device")
        self.assertIn("hint: the file system is full: free space there", output)

    def test_stops_a_first_start_at_any_point(self):
        for bytes_left in (0, 8 << 10, 200 << 10, 30 << 20):
            self.disk.fill(bytes_left)
            self.refused_for_want_of_room()
            self.assertLessEqual(bytes_left - self.disk.bytes_free(), 192 << 10)  # no log was left
            self.disk.empty()
        self.assertEqual(self.start_and_lead()("SET", "k", "v"), "OK")

    def test_stops_a_server_that_holds_data_and_takes_none_of_it(self):
        client = self.start_and_lead()
        self.disk.fill()
        taken = self.write_until_refused(client)
        self.assertGreater(len(taken), 1000)
        failing = self.one.running.pop("n1")
        self.assertEqual(failing.wait_exit(), FAILED, failing.output())
        failing.kill()
        for text in ("error: cannot write", "No space left on device", "free space", "hint: "):
            self.assertIn(text, failing.output())

        before = snapshot_of(self.one.member("n1").data)
        self.refused_for_want_of_room()
        self.assertEqual(snapshot_of(self.one.member("n1").data), before)

        self.disk.empty()
        client = self.start_and_lead()
        for key in taken:
            self.assertEqual(client("STRLEN", key), 8000)

    @staticmethod
    def write_until_refused(client):
        """Keys that the server has acknowledged."""
        taken = []
        while True:
            keys = [f"key{len(taken) + number}" for number in range(16)]
            answers = FailingDisk.outcomes(client, [("SET", key, "x" * 8000) for key in keys])
            taken += [key for key, answer in zip(keys, answers) if answer == "OK"]
            if answers != ["OK"] * len(keys):
                return taken


class Founding(ProgramTest):
    def test_clients_are_told_what_a_server_waits_for(self):
        cluster = self.cluster()
        for name in ("n1", "n2"):
            cluster.start(name)
        cluster.running["n1"].wait_line("waiting for n3")
        client = cluster.client("n1")
        self.assertEqual(client("PING"), "PONG")
        for command in (("SET", "k", "v"), ("GET", "k")):
            with self.assertRaisesRegex(RedisError, "CLUSTERDOWN not executed: .*n3"):
                client(*command)
        shown = cluster.run("status")
        self.assertEqual(shown.returncode, NO_LEADER)
        self.assertIn("FOUNDING   waiting for n3", shown.stdout)
        self.assertEqual(cluster.stop("n2"), OK)
        cluster.start("n2")
        cluster.start("n3")
        for name in ("n1", "n2", "n3"):
            cluster.running[name].wait_line("ready")
        self.assertEqual(FailingDisk.write_until_taken(client, "k", "v"), "OK")


    def test_a_server_with_a_new_name_joins_and_gets_a_vote(self):
        cluster = self.cluster(size=4)
        newcomer = cluster.members.pop()
        cluster.start_all()
        self.assertEqual(FailingDisk.write_until_taken(cluster.client("n2"), "k", "v"), "OK")
        cluster.members.append(newcomer)  # in its own list alone
        cluster.start("n4").wait_line("has caught up and has a vote")
        self.assertIn("4/4 voters", cluster.run("status").stdout)
        self.assertEqual(FailingDisk.read_until_answered(cluster.client("n4"), "k"), "v")
        self.assertEqual(cluster.run("member", "demote", "n4").returncode, OK)
        self.assertEqual(cluster.stop("n4"), OK)
        cluster.start("n4").wait_line("ready")  # it stays what it was made
        self.assertEqual(FailingDisk.read_until_answered(cluster.client("n4"), "k"), "v")
        self.assertIn("3/3 voters", cluster.run("status").stdout)


class MalformedBytes(ProgramTest):
    def test_close_their_connection_with_a_reason_and_disturb_nothing_else(self):
        cluster = self.cluster(size=1)
        cluster.start_all()
        server = cluster.running["n1"]
        server.wait_line("now Leader")
        client = cluster.client("n1")
        self.assertEqual(client("SET", "k", "v"), "OK")
        member = cluster.member("n1")
        for port, nonsense in ((member.clients, b"*1\r\n$-7\r\n"),
                               (member.peers, b"\xf0PROX nonsense"),
                               (member.peers, b"\xf0PROA\x09\x09\x00\x10" + bytes(16)),
                               (member.peers, b"GET / HTTP/1.1\r\n\r\n")):
            with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as stranger:
                stranger.sendall(nonsense)
                while stranger.recv(4096):
                    pass  # an answer may come before the end
            server.wait_line("is closed")
        self.assertEqual(client("GET", "k"), "v")


class Administration(ProgramTest):
    def healthy(self):
        cluster = self.cluster()
        cluster.start_all()
        while cluster.run("leader", "show").returncode == NO_LEADER:
            pass
        return cluster

    def test_status_shows_every_server_for_people_and_for_programs(self):
        cluster = self.healthy()
        shown = cluster.run("status")
        self.assertEqual(shown.returncode, OK, shown.stderr)
        self.assertRegex(shown.stdout, r"(?m)^cluster  HEALTHY   3/3 voters, survives 1 failure ")
        facts = json.loads(cluster.run("status", "--json").stdout)
        self.assertEqual([server["name"] for server in facts["servers"]], ["n1", "n2", "n3"])
        self.assertTrue(facts["cluster"]["quorum"])

    def test_status_says_what_is_wrong(self):
        cluster = self.healthy()
        cluster.kill("n3")
        while cluster.run("leader", "show").returncode == NO_LEADER:
            pass
        shown = cluster.run("status")
        self.assertEqual(shown.returncode, OK)
        self.assertIn("DEGRADED   2/3 voters, survives 0 failures", shown.stdout)
        cluster.kill("n2")
        shown = cluster.run("status")
        self.assertEqual(shown.returncode, NO_LEADER, shown.stdout)
        self.assertIn("NO QUORUM", shown.stdout)
        cluster.kill("n1")
        shown = cluster.run("status")
        self.assertEqual(shown.returncode, CANNOT_CONNECT)
        self.assertEqual(shown.stderr.count("tried: "), 3, shown.stderr)

    def test_leadership_is_shown_and_handed_over(self):
        cluster = self.healthy()
        for name in ("n2", "n3", "n1"):
            moved = cluster.run("leader", "transfer", name)
            self.assertEqual(moved.returncode, OK, moved.stderr)
            self.assertRegex(moved.stdout, rf"^leader {name} ")
            shown = json.loads(cluster.run("leader", "show", "--json").stdout)
            self.assertEqual(shown["name"], name)
        self.assertEqual(cluster.run("leader", "transfer", "n9").returncode, NOT_FOUND)

    def test_a_server_that_lost_its_disk_waits_until_it_is_added_again(self):
        cluster = self.healthy()
        client = cluster.client("n1")
        while True:
            try:
                self.assertEqual(client("SET", "k", "v"), "OK")
                break
            except RedisError:
                pass
        # The others name it as their leader for a while after it has come back without its disk.
        moved = cluster.run("leader", "transfer", "n3")
        self.assertEqual(moved.returncode, OK, moved.stderr)
        cluster.kill("n3")
        subprocess.run(["rm", "-rf", cluster.member("n3").data], check=True)
        line = cluster.start("n3").wait_line("proa member remove")
        self.assertIn("proa member add", line)
        refused = cluster.run("member", "remove", "n2")
        self.assertEqual(refused.returncode, REFUSED, refused.stdout)
        self.assertIn("no quorum", refused.stderr)
        removed = cluster.run("member", "remove", "n3")
        self.assertEqual(removed.returncode, OK, removed.stderr)
        address = f"127.0.0.1:{cluster.member('n3').peers}"
        added = cluster.run("member", "add", address)
        self.assertEqual(added.returncode, OK, added.stderr)
        cluster.running["n3"].wait_line("ready")
        self.assertEqual(FailingDisk.read_until_answered(cluster.client("n3"), "k"), "v")
        members = json.loads(cluster.run("member", "list", "--json").stdout)["members"]
        self.assertEqual(sorted(member["name"] for member in members), ["n1", "n2", "n3"])

    def test_sigterm_stops_a_server_and_its_leadership_moves_on(self):
        cluster = self.healthy()
        leader = json.loads(cluster.run("leader", "show", "--json").stdout)["name"]
        self.assertEqual(cluster.stop(leader), OK)
        while cluster.run("leader", "show").returncode == NO_LEADER:
            pass


class Demo(ProgramTest):
    def script(self, *flags):
        port = free_port_block([0, 1, 10, 11, 20, 21])
        process = Process([PROGRAM, "demo", "--script", "--data", self.directory / "demo", "--port",
                           port, *flags])
        self.addCleanup(process.kill)
        return process

    def test_the_tour_finds_every_acknowledged_write_on_all_servers(self):
        process = self.script()
        self.assertEqual(process.wait_exit(), OK, process.output())
        for line in ("SIGKILL n", "from the kill to the next accepted write", "has caught up after",
                     "every one of them is on all 3 servers"):
            self.assertIn(line, process.output())
        self.assertFalse((self.directory / "demo").exists())

    def test_keys_kill_and_restart_servers_under_load(self):
        port = free_port_block([0, 1, 10, 11, 20, 21])
        terminal, side = pty.openpty()
        self.addCleanup(os.close, terminal)
        demo = subprocess.Popen([PROGRAM, "demo", "--data", self.directory / "demo", "--port",
                                 str(port)], stdin=side, stdout=side, stderr=side)
        os.close(side)
        self.addCleanup(demo.wait)
        self.addCleanup(demo.kill)
        shown = ""

        def wait_for(text):
            nonlocal shown
            while text not in shown:
                self.assertTrue(select.select([terminal], [], [], WAIT)[0], shown)
                shown += os.read(terminal, 4096).decode()
            shown = shown[shown.index(text) + len(text):]

        wait_for("keys: ")
        for key, answer in (("l", "a client writes through each server"), ("", "writes acknowledged"),
                            ("2", "SIGKILL n2"), ("2", "n2 is back"), ("p", "SIGSTOP n"),
                            ("p", "goes on"), ("t", " leads"), ("s", "3/3 voters"),
                            ("l", "load stopped after")):
            os.write(terminal, key.encode())
            wait_for(answer)
        os.write(terminal, b"q")
        self.assertEqual(demo.wait(timeout=WAIT), OK)
        self.assertFalse((self.directory / "demo").exists())

    def test_the_tour_fails_when_a_write_is_missing(self):
        process = self.script("--test-lose-a-write")
        self.assertEqual(process.wait_exit(), FAILED, process.output())
        for name in ("n1", "n2", "n3"):
            self.assertIn(f"error: 1 acknowledged writes are not on {name}", process.output())


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
