"""Real servers for tests: processes of the program, and clients that speak the Redis protocol.

Nothing here sleeps: whoever waits, waits for a line of output, for a reply or for the end of a
process, at most WAIT seconds.
"""

import collections
import os
import pathlib
import queue
import resource
import signal
import socket
import subprocess
import threading

WAIT = 60.0


def free_ports(count):
    """Ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def free_port_block(offsets):
    """A port that is free together with those that follow it by the offsets."""
    for base in range(20000, 32700, 100):
        taken = []
        try:
            for offset in offsets:
                one = socket.socket()
                taken.append(one)
                one.bind(("127.0.0.1", base + offset))
            return base
        except OSError:
            continue
        finally:
            for one in taken:
                one.close()
    raise AssertionError("no block of ports is free")


class Process:
    """A command whose output lines can be waited for."""

    def __init__(self, command, limits=(), environment=None):
        def limit():
            for which, amount in limits:
                resource.setrlimit(which, (amount, amount))

        self.command = [str(word) for word in command]
        self.child = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
            text=True, preexec_fn=limit if limits else None,
            env=dict(os.environ, **(environment or {})))
        self.lines = []
        self._arrivals = queue.Queue()
        self._readers = [threading.Thread(target=self._read, args=(stream, name), daemon=True)
                         for stream, name in ((self.child.stdout, "out"), (self.child.stderr, "err"))]
        for reader in self._readers:
            reader.start()

    def _read(self, stream, name):
        for line in stream:
            self._arrivals.put((name, line.rstrip("\n")))
        self._arrivals.put((name, None))

    def wait_line(self, text):
        """The next line, of either stream, that contains the text."""
        ended = 0
        while ended < 2:
            try:
                _, line = self._arrivals.get(timeout=WAIT)
            except queue.Empty:
                raise AssertionError(f"no line with {text!r} in {WAIT} s:\n{self.output()}")
            if line is None:
                ended += 1
                continue
            self.lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"it ended without a line with {text!r}:\n{self.output()}")

    def wait_exit(self):
        """What it exits with; all of its lines are in `lines` then."""
        code = self.child.wait(timeout=WAIT)
        for reader in self._readers:
            reader.join(timeout=WAIT)
        while True:
            try:
                _, line = self._arrivals.get_nowait()
            except queue.Empty:
                return code
            if line is not None:
                self.lines.append(line)

    def output(self):
        return "\n".join(self.lines)

    def signal(self, number):
        self.child.send_signal(number)

    def limit_file_size(self, amount):
        """From now on every write beyond that many bytes of a file fails."""
        resource.prlimit(self.child.pid, resource.RLIMIT_FSIZE, (amount, amount))

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        for reader in self._readers:
            reader.join(timeout=WAIT)
        self.child.stdout.close()
        self.child.stderr.close()


class RedisError(Exception):
    """An error reply."""


class Client:
    """One connection; a command at a time, or several in a pipeline."""

    def __init__(self, port, timeout=WAIT):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    @staticmethod
    def encode(words):
        encoded = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        return b"*%d\r\n" % len(encoded) + b"".join(
            b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)

    def __call__(self, *words):
        self.socket.sendall(self.encode(words))
        return self.reply()

    def pipeline(self, commands):
        self.socket.sendall(b"".join(self.encode(words) for words in commands))
        return [self.reply() for _ in commands]

    def reply(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if rest == b"-1":
                return None
            body = self.file.read(int(rest) + 2)
            if len(body) != int(rest) + 2:
                raise ConnectionError("the server closed the connection")
            return body[:-2].decode()
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        raise AssertionError(f"no reply of RESP2: {line!r}")


Member = collections.namedtuple("Member", "name clients peers data")


class Cluster:
    """The members of a cluster in a directory, and the processes that run of them."""

    def __init__(self, program, directory, size=3, flags=()):
        self.program = str(program)
        self.directory = pathlib.Path(directory)
        self.flags = list(flags)
        ports = free_ports(2 * size)
        self.members = [Member(f"n{number + 1}", ports[2 * number], ports[2 * number + 1],
                               self.directory / f"n{number + 1}") for number in range(size)]
        self.running = {}
        self.clients = []

    @property
    def list(self):
        return ",".join(f"{member.name}=127.0.0.1:{member.peers}" for member in self.members)

    @property
    def endpoints(self):
        return ",".join(f"127.0.0.1:{member.peers}" for member in self.members)

    def member(self, name):
        return next(member for member in self.members if member.name == name)

    def command(self, name, *flags):
        member = self.member(name)
        return [self.program, "serve", "--name", name, "--data", member.data, "--cluster", self.list,
                "--listen", f"127.0.0.1:{member.clients}", *self.flags, *flags]

    def start(self, name, *flags):
        self.running[name] = Process(self.command(name, *flags))
        return self.running[name]

    def start_all(self):
        for member in self.members:
            self.start(member.name)
        for member in self.members:
            self.running[member.name].wait_line("ready")

    def kill(self, name):
        self.running.pop(name).kill()

    def stop(self, name):
        process = self.running.pop(name)
        process.signal(signal.SIGTERM)
        code = process.wait_exit()
        process.kill()
        return code

    def close(self):
        for client in self.clients:
            client.close()
        for name in list(self.running):
            self.kill(name)

    def client(self, name):
        self.clients.append(Client(self.member(name).clients))
        return self.clients[-1]

    def run(self, *words):
        """One of the program's own commands against this cluster."""
        return subprocess.run([self.program, *words, "--endpoint", self.endpoints],
                              capture_output=True, text=True, timeout=WAIT, check=False)
