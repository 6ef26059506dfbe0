#!/usr/bin/env python3
"""The code that README.md prints is that of the examples, which are compiled and run.

    readme_test.py ROOT

A block of code follows the line `<!-- examples/NAME.cpp -->` and must equal that file.
"""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".")
PRINTED = re.compile(r"<!-- (examples/\w+\.cpp) -->\n```cpp\n(.*?)```\n", re.DOTALL)


class Readme(unittest.TestCase):
    def test_prints_every_example_as_it_is_compiled(self):
        printed = dict(PRINTED.findall((ROOT / "README.md").read_text()))
        self.assertEqual(set(printed), {"examples/counter.cpp", "examples/counter_six_parts.cpp"})
        for path, code in printed.items():
            self.assertEqual(code, (ROOT / path).read_text(), f"README.md differs from {path}")


if __name__ == "__main__":
    unittest.main()
