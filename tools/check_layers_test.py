#!/usr/bin/env python3
"""Every rule of tools/check_layers: a planted violation is refused, the allowed neighbour passes."""

import importlib.machinery
import importlib.util
import pathlib
import subprocess
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parent / "check_layers"


def load():
    loader = importlib.machinery.SourceFileLoader("check_layers", str(TOOL))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_layers", loader))
    loader.exec_module(module)
    return module


layers = load()


class RuleTest(unittest.TestCase):
    def refused(self, path, code, because):
        found = layers.violations_of(path, self.text(path, code))
        self.assertEqual(len(found), 1, found)
        self.assertIn(because, found[0])

    def passes(self, path, code):
        self.assertEqual(layers.violations_of(path, self.text(path, code)), [])

    @staticmethod
    def text(path, code):
        return ("#pragma once\n" if path.endswith(".hpp") else "") + code + "\n"


class Includes(RuleTest):
    def test_a_smaller_layer_may_be_included(self):
        self.passes("proa/core/consensus.hpp", "#include <proa/model/entry.hpp>")
        self.passes("proa/core/consensus.cpp", '#include "proa/core/progress.hpp"')
        self.passes("cli/serve.cpp", "#include <proa/testing/simulation.hpp>")
        self.passes("server/server.cpp", "#include <proa/runtime/open.hpp>")

    def test_a_greater_layer_is_refused(self):
        self.refused("proa/base/error.hpp", "#include <proa/model/entry.hpp>", "smaller layers only")
        self.refused("proa/node/raft.cpp", "#include <proa/runtime/tcp.hpp>", "smaller layers only")
        self.refused("proa/runtime/open.cpp", "#include <server/server.hpp>", "smaller layers only")

    def test_an_equal_layer_is_refused(self):
        self.refused("proa/core/consensus.cpp", "#include <proa/port/fsm.hpp>", "smaller layers only")
        self.refused("proa/driver/driver.cpp", "#include <proa/store/wal.hpp>", "smaller layers only")
        self.refused("kv/store.cpp", "#include <proa/runtime/open.hpp>", "smaller layers only")
        self.refused("tests/sim/a_test.cpp", "#include <bench/floor.hpp>", "smaller layers only")

    def test_a_benchmark_may_include_the_campaign_that_it_measures(self):
        self.passes("bench/simulator/speed.cpp", "#include <tests/sim/campaign.hpp>")
        self.refused("bench/simulator/speed.cpp", "#include <tests/wal/crash.hpp>", "smaller layers only")
        self.refused("bench/floor/leader.cpp", "#include <tests/sim/campaign.hpp>", "smaller layers only")

    def test_a_test_may_include_the_simulator_and_nothing_else_above_it(self):
        self.passes("proa/core/election_test.cpp", "#include <proa/testing/simulation.hpp>")
        self.passes("kv/store_test.cpp", "#include <proa/testing/simulation.hpp>")
        self.refused("proa/core/election_test.cpp", "#include <proa/node/raft.hpp>",
                     "smaller layers only")
        self.refused("proa/core/election.cpp", "#include <proa/testing/simulation.hpp>",
                     "smaller layers only")

    def test_our_headers_are_named_from_the_root(self):
        self.refused("proa/core/consensus.cpp", '#include "progress.hpp"', "path from the root")

    def test_the_umbrella_is_for_those_above_the_runtime(self):
        self.passes("examples/counter.cpp", "#include <proa/raft.hpp>")
        self.refused("proa/node/raft.cpp", "#include <proa/raft.hpp>", "smaller layers only")
        self.passes("proa/raft.hpp", "#include <proa/runtime/open.hpp>")
        self.refused("proa/raft.hpp", "#include <proa/driver/driver.hpp>", "installed nowhere")

    def test_a_file_outside_the_layer_table_is_refused(self):
        self.refused("proa/stray.hpp", "", "layer table")
        self.refused("proa/util/stray.cpp", "", "layer table")


class PublicHeaders(RuleTest):
    def test_a_third_party_include_is_refused(self):
        self.refused("proa/base/logger.hpp", "#include <spdlog/spdlog.h>", "standard library")
        self.refused("proa/runtime/tcp.hpp", "#include <boost/asio.hpp>", "standard library")
        self.refused("proa/store/wal.hpp", "#include <sys/stat.h>", "standard library")

    def test_sources_private_headers_and_the_opt_in_may(self):
        self.passes("proa/runtime/tcp.cpp", "#include <boost/asio.hpp>")
        self.passes("proa/runtime/detail/loop.hpp", "#include <boost/asio.hpp>")
        self.passes("proa/asio.hpp", "#include <boost/asio.hpp>")
        self.passes("proa/wire/crc.hpp", "#include <isa-l.h>")

    def test_what_is_not_installed_is_refused(self):
        self.refused("proa/node/raft.hpp", "#include <proa/driver/driver.hpp>", "installed nowhere")
        self.passes("proa/node/raft.cpp", "#include <proa/driver/driver.hpp>")
        self.passes("proa/node/detail/server.hpp", "#include <proa/driver/driver.hpp>")


class Asio(RuleTest):
    def test_is_named_by_the_runtime_and_the_http_server_only(self):
        self.passes("server/http/http.cpp", "#include <boost/beast.hpp>")
        self.passes("server/admin.cpp", "#include <boost/json.hpp>")
        self.refused("server/resp/connection.cpp", "#include <boost/asio.hpp>", "name Asio")
        self.refused("proa/transport/net.cpp", "#include <boost/asio.hpp>", "name Asio")


class Threads(RuleTest):
    def test_names_are_refused_outside_the_runtime(self):
        for code in ("std::thread worker;", "std::mutex mutex_;", "std::condition_variable ready_;",
                     "auto t = std::chrono::steady_clock::now();", "std::random_device seed;",
                     "std::this_thread::yield();", "clock_gettime(CLOCK_REALTIME, &t);",
                     "std::lock_guard lock(m);", "auto f = std::async(g);", "sleep(1);",
                     "auto t = time(nullptr);"):
            for path in ("proa/core/a.cpp", "proa/testing/a.cpp", "kv/a.cpp", "server/a.cpp"):
                with self.subTest(code=code, path=path):
                    self.refused(path, code, "come from proa/runtime")

    def test_headers_are_refused_too(self):
        self.refused("proa/store/wal.cpp", "#include <mutex>", "come from proa/runtime")
        self.refused("server/resp/a.cpp", "#include <thread>", "come from proa/runtime")

    def test_the_runtime_and_the_named_exceptions_may(self):
        self.passes("proa/runtime/lane.cpp", "#include <thread>\nstd::thread worker;")
        self.passes("proa/base/bounded_queue.hpp", "#include <mutex>\nstd::mutex mutex_;")
        self.passes("proa/base/guarded.hpp", "#include <mutex>\nstd::mutex mutex_;")
        self.passes("proa/port/future.hpp", "#include <mutex>\nstd::mutex mutex_;")
        self.passes("proa/base/bounded_queue_test.cpp", "#include <thread>\nstd::thread producer;")

    def test_comments_strings_and_our_own_names_do_not_count(self):
        self.passes("proa/core/a.cpp", "// no std::mutex here\n/* steady_clock\n std::thread */")
        self.passes("proa/core/a.cpp", 'const char* text = "std::mutex";')
        self.passes("proa/core/a.cpp", 'const char* text = R"(std::mutex \n std::thread)";')
        self.passes("proa/core/a.cpp", "const int big = 1'000'000; Term time(Instant now);")
        self.passes("proa/driver/a.cpp", "runtime.now(); timeout(now); last_time(0);")

    def test_line_numbers_survive_multi_line_comments(self):
        found = layers.violations_of("kv/a.cpp", "/* one\ntwo\nthree */\nstd::mutex m;\n")
        self.assertTrue(found[0].startswith("kv/a.cpp:4:"), found)


class Determinism(RuleTest):
    def test_unordered_containers_floats_and_pointer_keys_are_refused(self):
        for path in ("proa/core/a.cpp", "proa/driver/a.cpp", "proa/node/a.cpp", "proa/store/a.cpp",
                     "proa/transport/a.cpp", "proa/testing/a.cpp", "kv/a.cpp", "server/resp/a.cpp"):
            with self.subTest(path=path):
                self.refused(path, "std::unordered_map<int, int> peers_;", "order differs")
                self.refused(path, "double load = 0;", "floating point")
                self.refused(path, "std::map<Peer*, int> peers_;", "pointers as keys")
                self.refused(path, "std::set<const Peer*> peers_;", "pointers as keys")

    def test_the_rest_may_and_pointers_as_values_may(self):
        self.passes("proa/runtime/a.cpp", "std::unordered_map<int, double> peers_;")
        self.passes("bench/a.cpp", "double rate = 0;")
        self.passes("proa/core/a.cpp", "std::map<PeerId, Peer*> peers_;")
        self.passes("proa/core/a.cpp", "std::map<std::pair<int, int>, Peer*> peers_;")


class Language(RuleTest):
    def test_forbidden_words(self):
        self.refused("proa/core/a.cpp", "dynamic_cast<A*>(b);", "by type")
        self.refused("proa/runtime/a.cpp", "worker.detach();", "joins it")
        self.refused("cli/a.cpp", "std::print(1);", "libstdc++ 12")
        self.refused("proa/base/a.hpp", "using namespace std;", "in a header")
        self.refused("proa/core/a.cpp", "// TODO: later", "names its issue")
        self.passes("proa/core/a.cpp", "// TODO(#12): later")
        self.passes("proa/core/a.cpp", "using namespace std::chrono_literals;")

    def test_a_header_guards_itself(self):
        found = layers.violations_of("proa/base/a.hpp", "int f();\n")
        self.assertIn("#pragma once", found[0])

    def test_tests_do_not_sleep(self):
        self.refused("tests/e2e/a_test.cpp", "std::this_thread::sleep_for(1s);", "never sleeps")
        self.refused("proa/runtime/lane_test.cpp", "usleep(10);", "never sleeps")
        self.passes("proa/runtime/lane_test.cpp", "sim.sleep(10); no_sleep(1);")


class Sizes(RuleTest):
    def test_long_files_and_lines_are_refused(self):
        self.refused("proa/core/a.cpp", "\n" * 500, "501 lines")
        self.passes("proa/core/a.cpp", "\n" * 499)
        self.refused("proa/core/a.cpp", "// " + "x" * 98, "101 columns")
        self.passes("proa/core/a.cpp", "// " + "ö" * 97)


class Cmake(unittest.TestCase):
    def test_the_layer_is_that_of_the_table(self):
        wrong = "proa_library(core\n  LAYER 3\n  DEPS base)\n"
        self.assertIn("says LAYER 3", next(iter(
            layers.cmake_violations_of("proa/core/CMakeLists.txt", wrong))))
        right = wrong.replace("3", "2")
        self.assertEqual(list(layers.cmake_violations_of("proa/core/CMakeLists.txt", right)), [])


class Repository(unittest.TestCase):
    def run_in(self, files):
        with tempfile.TemporaryDirectory() as root:
            subprocess.run(["git", "init", "-q", root], check=True)
            for path, text in files.items():
                file = pathlib.Path(root, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            return subprocess.run([TOOL, root], capture_output=True, text=True, check=False)

    def test_the_program_fails_and_names_file_and_line(self):
        result = self.run_in({"proa/core/a.cpp": "#include <proa/node/raft.hpp>\n",
                              "kv/b.cpp": "int b;\n"})
        self.assertEqual(result.returncode, 1)
        self.assertIn("proa/core/a.cpp:1:", result.stdout)
        self.assertIn("2 files, 1 violations", result.stdout)

    def test_the_program_passes_a_clean_tree(self):
        result = self.run_in({"proa/core/a.cpp": "#include <proa/model/entry.hpp>\n"})
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


if __name__ == "__main__":
    unittest.main()
