#!/usr/bin/env python3
"""Makes the inputs that fuzzing starts from out of the golden data.

    make_corpus.py tests/golden OUTPUT

One file per vector in a folder per fuzzer, and a list of the files beside the folder. The first byte
of each is what the fuzzer decides by.
"""

import json
import pathlib
import shutil
import sys

KINDS = {"AppendEntries": 0, "RequestVote": 1, "InstallSnapshot": 2, "TimeoutNow": 3, "RequestPreVote": 4}


def rpc_of(kind):
    return next(number for name, number in KINDS.items() if kind.startswith(name))


def main():
    golden, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    shutil.rmtree(output, ignore_errors=True)
    made = {"entries": set(), "requests": set(), "replies": set()}
    for line in (golden / "vectors.jsonl").read_text(encoding="utf-8").splitlines():
        vector = json.loads(line)
        if "hex" not in vector:
            continue
        data = bytes.fromhex(vector["hex"])
        if vector["kind"] == "LogBolt":
            made["entries"].add(b"\x01" + data)
        elif vector["kind"].endswith("Request"):
            made["requests"].add(b"\x01" + data)
        elif vector["kind"].endswith("Response"):
            made["replies"].add(bytes([rpc_of(vector["kind"])]) + data)
    for line in (golden / "tolerance.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        made["requests"].add(b"\x01" + bytes([rpc_of(case["kind"])]) + bytes.fromhex(case["hex"]))
    for name, inputs in made.items():
        (output / name).mkdir(parents=True)
        files = [output / name / f"{number:04}" for number in range(len(inputs))]
        for file, data in zip(files, sorted(inputs)):
            file.write_bytes(data)
        (output / f"{name}.list").write_text(",".join(map(str, files)), encoding="utf-8")
    (output / "made").touch()


if __name__ == "__main__":
    main()
