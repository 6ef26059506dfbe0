#!/usr/bin/env python3
"""cmake/ProaLibrary.cmake: a dependency on an equal or higher layer stops the configuration."""

import pathlib
import subprocess
import tempfile
import unittest

MODULES = pathlib.Path(__file__).resolve().parent.parent / "cmake"
PROJECT = f"""
cmake_minimum_required(VERSION 3.25)
project(probe LANGUAGES NONE)
include({MODULES}/ProaLibrary.cmake)
proa_library(base LAYER 0 HEADERS a.hpp)
proa_library(port LAYER 2 DEPS base)
proa_library(node LAYER 4 DEPS base port)
"""


class Layers(unittest.TestCase):
    def configure(self, line):
        with tempfile.TemporaryDirectory() as root:
            pathlib.Path(root, "CMakeLists.txt").write_text(PROJECT + line + "\n", encoding="utf-8")
            done = subprocess.run(["cmake", "-S", root, "-B", root + "/build", "-G", "Ninja"],
                                  capture_output=True, text=True, check=False)
            return done.returncode, " ".join(done.stderr.split())

    def refused(self, line, because):
        code, said = self.configure(line)
        self.assertNotEqual(code, 0, line)
        self.assertIn(because, said)

    def test_a_smaller_layer_is_accepted(self):
        code, said = self.configure("proa_library(driver LAYER 3 DEPS base port)")
        self.assertEqual(code, 0, said)

    def test_an_equal_layer_is_refused(self):
        self.refused("proa_library(core LAYER 2 DEPS base port)",
                     "core (layer 2) must not depend on port (layer 2)")

    def test_a_higher_layer_is_refused(self):
        self.refused("proa_library(store LAYER 3 DEPS node)",
                     "store (layer 3) must not depend on node (layer 4)")
        self.refused("proa_test(early LAYER 3 DEPS node SOURCES a.cpp)", "must not depend on node")
        self.refused("proa_executable(early LAYER 3 DEPS node SOURCES a.cpp)",
                     "must not depend on node")

    def test_an_unknown_dependency_is_refused(self):
        self.refused("proa_library(store LAYER 3 DEPS nowhere)", "depends on 'nowhere'")

    def test_a_missing_layer_and_a_misspelt_word_are_refused(self):
        self.refused("proa_library(store DEPS base)", "LAYER must be a number")
        self.refused("proa_library(store SOURCE a.cpp LAYER 3)", "unknown words 'SOURCE;a.cpp'")


if __name__ == "__main__":
    unittest.main()
