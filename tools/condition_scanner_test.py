#!/usr/bin/env python3
"""tools/condition_scanner.py: which conditions it finds, which it leaves out, and how it changes them."""

import unittest

from condition_scanner import DROP, NEGATE, sites_of, with_sites


def found(source):
    return [(site.change, site.text) for site in sites_of(source)]


def changed(source, number=None):
    """The source with all its changes, or with one; the switches shortened to N and D."""
    numbered = [(k, site) for k, site in enumerate(sites_of(source), 1) if number in (None, k)]
    return with_sites(source, numbered).replace("::proa::mutation::", "").replace(
        "negated", "N").replace("dropped", "D").replace("static_cast<bool>", "")


class Conditions(unittest.TestCase):
    def test_an_if_and_each_operand(self):
        self.assertEqual(found("void f() {\n  if (a && !b) return;\n}\n"),
                         [(NEGATE, "a && !b"), (DROP, "a"), (DROP, "!b")])

    def test_operands_of_or_within_and(self):
        self.assertEqual(found("bool x = a && (b || c);"),
                         [(NEGATE, "a && (b || c)"), (DROP, "a"), (DROP, "(b || c)"),
                          (NEGATE, "b || c"), (DROP, "b"), (DROP, "c")])

    def test_comparisons_wherever_they_stand(self):
        self.assertEqual(found("void f() {\n  g(x, y < z);\n  return Id{} != id;\n}\n"),
                         [(NEGATE, "y < z"), (NEGATE, "Id{} != id")])

    def test_what_comes_before_a_question_mark(self):
        self.assertEqual(found("void f() {\n  const int n = ready ? 1 : 2;\n}\n"), [(NEGATE, "ready")])

    def test_loops(self):
        self.assertEqual(found("void f() {\n  for (int i = 0; i < n; ++i) g();\n  while (more) g();\n"
                               "  while (true) g();\n  for (int i : all) g();\n}\n"),
                         [(NEGATE, "i < n"), (NEGATE, "more")])

    def test_types_are_no_conditions(self):
        self.assertEqual(found("std::vector<int> f(T&& x, std::map<A, B>* y);\nauto z = g<int>(x);"), [])

    def test_comments_and_strings_are_not_looked_at(self):
        self.assertEqual(found('// if (a) b\nconst char* s = "a && b == c";\n#if A && B\n#endif\n'), [])

    def test_the_name_of_the_function(self):
        sites = sites_of("namespace proa {\n\nvoid Log::cut(int x) {\n  if (x) g();\n}\n}\n")
        self.assertEqual([(site.function, site.line) for site in sites], [("cut", 4)])


class LeftOut(unittest.TestCase):
    def test_checks(self):
        self.assertEqual(found("void f() {\n  PROA_ASSERT(a == b);\n}\nstatic_assert(a == b);\n"), [])

    def test_compile_time(self):
        self.assertEqual(found("void f() {\n  if constexpr (a == b) g();\n  constexpr bool c = a == b;\n"
                               "}\nfriend bool operator==(A, A) = default;\n"), [])

    def test_known_bugs_and_what_runs_only_with_them(self):
        self.assertEqual(found('void f() {\n  if (mutant("x") && a == b) {\n    if (c) g();\n  }\n}\n'), [])

    def test_the_condition_beside_a_known_bug_stays(self):
        self.assertEqual(found('void f() {\n  if (a == b && !mutant("x")) g();\n}\n'),
                         [(NEGATE, 'a == b && !mutant("x")'), (DROP, "a == b")])


class Changes(unittest.TestCase):
    def test_nested_in_one_source(self):
        self.assertEqual(changed("bool x = a && b;"), "bool x = N(1, ((D(2) || (a)) && (D(3) || (b))));")

    def test_an_operand_of_or(self):
        self.assertEqual(changed("bool x = a || b;", 2), "bool x = (!D(2) && (a)) || b;")

    def test_a_declaration_in_an_if(self):
        self.assertEqual(changed("void f() {\n  if (T* t = g(x)) h();\n}\n"),
                         "void f() {\n  if (T* t = g(x); N(1, (t))) h();\n}\n")


if __name__ == "__main__":
    unittest.main()
