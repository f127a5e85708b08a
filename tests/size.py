#!/usr/bin/env python3
"""Prints the project's lines by layer: code and comments, blank lines left out."""
import pathlib

CORE = ["runtime/base", "runtime/object", "runtime/sched", "interp/bytecode", "interp/compile", "interp/vm"]
REST = ["interp/modules", "interp/prelude", "interp/explore", "interp/include", "interp/api", "interp/cli", "scripts", "tests"]
ENDINGS = {".h", ".cpp", ".def", ".inc", ".re", ".mini", ".py", ".lua"}


def lines(folder):
    files = [path for path in folder.rglob("*") if path.suffix in ENDINGS and path.is_file()]
    return len(files), sum(sum(1 for line in path.read_text(errors="replace").splitlines() if line.strip()) for path in files)


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    for title, folders in (("core", CORE), ("on top", REST)):
        total = 0
        for folder in folders:
            files, count = lines(root / folder)
            total += count
            if files:
                print(f"  {folder:18} {files:4} files {count:7} lines")
        print(f"{title:20} {'':10} {total:7} lines\n")


if __name__ == "__main__":
    main()
