#!/usr/bin/env python3
"""tools/paper_map: which citations it finds, whom they belong to, and when it refuses."""

import importlib.machinery
import importlib.util
import pathlib
import subprocess
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parent / "paper_map"
loader = importlib.machinery.SourceFileLoader("paper_map", str(TOOL))
paper_map = importlib.util.module_from_spec(importlib.util.spec_from_loader("paper_map", loader))
loader.exec_module(paper_map)

CODE = """\
/// RequestVote, receiver's side (paper §5.2, §5.4.1; thesis §4.2.3; reference §8.6, in its order).
void Consensus::on(Instant now, const Received<RequestVoteRequest>& received) {
  refuse(received);
  grant_vote(now);  // durable before the reply leaves (paper Figure 2)
}

/// RequestVote, arguments (paper Figure 2, §5.2).
struct RequestVoteRequest {
  bool leadership_transfer = false;  ///< asked for (thesis §3.10)
};
"""

TEST = """\
// Paper §5.4.1: of two logs, the one that ends in the later term is more up to date.
TEST(RequestVote, IsDenied) {
  EXPECT_TRUE(f());  // thesis §4.2.3
}
"""


class Citations(unittest.TestCase):
    def test_every_form_is_found_and_other_sections_are_not(self):
        self.assertEqual(list(paper_map.citations_in("// paper §5.2, §5.4.1; thesis §4.2.3; reference §8.6")),
                         [("paper", "§5.2"), ("paper", "§5.4.1"), ("thesis", "§4.2.3")])
        self.assertEqual(list(paper_map.citations_in("// Paper Figures 7 and Figure 8.")),
                         [("paper", "Figure 7"), ("paper", "Figure 8")])
        self.assertEqual(list(paper_map.citations_in("// section §3, reference §2.2")), [])

    def test_a_citation_belongs_to_the_function_or_type_it_stands_in_or_above(self):
        table = paper_map.map_of([("proa/core/vote.cpp", CODE)])
        vote = ("proa/core/vote.cpp", "Consensus::on")
        message = ("proa/core/vote.cpp", "RequestVoteRequest")
        self.assertEqual(table["paper", "§5.4.1"]["code"], [vote])
        self.assertEqual(table["paper", "§5.2"]["code"], [vote, message])
        self.assertEqual(table["paper", "Figure 2"]["code"], [vote, message])
        self.assertEqual(table["thesis", "§3.10"]["code"], [message])

    def test_a_test_is_named_by_its_sentence(self):
        table = paper_map.map_of([("proa/core/vote_test.cpp", TEST)])
        self.assertEqual(table["paper", "§5.4.1"]["tests"],
                         [("proa/core/vote_test.cpp", "RequestVote.IsDenied")])
        self.assertEqual(table["thesis", "§4.2.3"]["tests"],
                         [("proa/core/vote_test.cpp", "RequestVote.IsDenied")])


class Check(unittest.TestCase):
    def run_on(self, files):
        with tempfile.TemporaryDirectory() as root:
            subprocess.run(["git", "init", "-q", root], check=True)
            for path, text in files.items():
                file = pathlib.Path(root, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            return subprocess.run([TOOL, "--check", root], capture_output=True, text=True, check=False)

    def test_a_section_without_a_test_is_refused_by_name(self):
        result = self.run_on({"proa/core/vote.cpp": CODE, "proa/core/vote_test.cpp": TEST})
        self.assertEqual(result.returncode, 1)
        self.assertIn("RequestVoteRequest cites thesis §3.10", result.stdout)
        self.assertNotIn("§5.4.1,", result.stdout)
        self.assertIn("5 sections cited, 3 of them without a test", result.stdout)

    def test_a_part_shows_its_whole_and_not_the_other_way_round(self):
        code = "/// paper §5\nvoid f();\n"
        part = self.run_on({"kv/a.cpp": code, "kv/a_test.cpp": "// paper §5.2\nTEST(A, B) {}\n"})
        self.assertEqual(part.returncode, 0, part.stdout)
        whole = self.run_on({"kv/a.cpp": code.replace("§5", "§5.2"),
                             "kv/a_test.cpp": "// paper §5\nTEST(A, B) {}\n"})
        self.assertEqual(whole.returncode, 1, whole.stdout)

    def test_tests_and_scenarios_settle_it(self):
        scenario = "# paper §5.2, Figure 2; thesis §3.10\nservers a b c\n"
        result = self.run_on({"proa/core/vote.cpp": CODE, "proa/core/vote_test.cpp": TEST,
                              "proa/core/scenarios/vote.txt": scenario})
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("5 sections cited, 0 of them without a test", result.stdout)


if __name__ == "__main__":
    unittest.main()
