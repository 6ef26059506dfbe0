#!/usr/bin/env python3
"""What docs/testing.md tells about the waiting room is so.

    waiting_room_test.py WAITING_ROOM
"""

import os
import pathlib
import re
import subprocess
import sys
import unittest

PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
SEEDS_MAX = 10  # that the planted mistake may need
FINDING = re.compile(r"seed (\d+) after \S+: (.*)\n  replay: (.*)\n", re.DOTALL)


def run(command):
    environment = {key: value for key, value in os.environ.items() if key != "PROA_SEED"}
    return subprocess.run(command, shell=True, capture_output=True, text=True, check=False,
                          env=environment)


class WaitingRoom(unittest.TestCase):
    def test_is_found_to_be_wrong_within_a_few_seeds_and_again_by_the_replay_line(self):
        done = run(f"{PROGRAM} --planted")
        self.assertEqual((done.returncode, done.stderr), (1, ""), done.stdout)
        finding = FINDING.search(done.stdout)
        self.assertIsNotNone(finding, done.stdout)
        seed, what, replay = finding.groups()
        self.assertLessEqual(int(seed), SEEDS_MAX)
        self.assertIn("replicas differ", what)
        self.assertEqual(replay, f"PROA_SEED={seed} {PROGRAM} --planted")

        again = run(replay)
        self.assertEqual(again.returncode, 1)
        self.assertEqual(FINDING.search(again.stdout).groups(), finding.groups())
        self.assertTrue(again.stdout.startswith("1 seeds, "), again.stdout)
        self.assertIn("LEADS", again.stderr)

    def test_is_found_to_be_right_without_the_mistake(self):
        done = run(PROGRAM)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertTrue(done.stdout.startswith("100 seeds, "), done.stdout)
        self.assertTrue(done.stdout.endswith("found nothing\n"), done.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
