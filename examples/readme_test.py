#!/usr/bin/env python3
"""What README.md and docs/testing.md print is the code of the examples, which are compiled and run.

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
        expected = {"README.md": {"examples/counter.cpp", "examples/counter_six_parts.cpp"},
                    "docs/testing.md": {"examples/waiting_room.cpp"}}
        for page, paths in expected.items():
            printed = dict(PRINTED.findall((ROOT / page).read_text()))
            self.assertEqual(set(printed), paths)
            for path, code in printed.items():
                self.assertEqual(code, (ROOT / path).read_text(), f"{page} differs from {path}")


if __name__ == "__main__":
    unittest.main()
