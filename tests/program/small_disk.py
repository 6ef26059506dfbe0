"""A file system of a few bytes that can be full."""

import os
import pathlib
import subprocess


class NotPermitted(Exception):
    """This user may have no file system of its own here."""


class SmallDisk:
    """A file system in memory, mounted where only one process sees it: others reach it through that
    process, and it is gone when the process ends."""

    def __init__(self, bytes_max):
        mount = f"mount -t tmpfs -o size={bytes_max} small /mnt && echo mounted && exec cat"
        try:
            self.holder = subprocess.Popen(
                ["unshare", "--map-root-user", "--mount", "sh", "-c", mount], text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except FileNotFoundError as error:
            raise NotPermitted(str(error)) from error
        if self.holder.stdout.readline() != "mounted\n":
            why = self.holder.communicate()[1]
            raise NotPermitted(why.strip())
        self.path = pathlib.Path(f"/proc/{self.holder.pid}/root/mnt")
        self.filler = self.path / "filler"

    def bytes_free(self):
        facts = os.statvfs(self.path)
        return facts.f_bavail * facts.f_frsize

    def fill(self, bytes_left=0):
        """Takes all the room but for so many bytes."""
        with open(self.filler, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, self.bytes_free() - bytes_left)

    def empty(self):
        self.filler.unlink()

    def close(self):
        self.holder.communicate()
