#!/usr/bin/env python3
"""Fails on an include that runs upward: each layer may include itself and the layers below it."""
import pathlib
import re
import sys

# What each folder may include beside itself. interp may include runtime, never the reverse.
ALLOWED = {
    "runtime/base": [],
    "runtime/object": ["runtime/base"],
    "runtime/sched": ["runtime/base"],
    "interp/bytecode": ["runtime/base"],
    "interp/compile": ["interp/bytecode", "runtime/base"],
    "interp/vm": ["interp/compile", "interp/bytecode", "runtime/object", "runtime/sched", "runtime/base"],
    "interp/modules": ["interp/vm", "interp/compile", "interp/bytecode", "runtime/object", "runtime/sched", "runtime/base"],
    "interp/prelude": ["interp/compile", "interp/bytecode", "runtime/base"],
    "interp/observe": ["interp/vm", "interp/bytecode", "runtime/object", "runtime/sched", "runtime/base"],
    "interp/explore": ["interp/observe", "interp/vm", "interp/bytecode", "runtime/object", "runtime/sched", "runtime/base"],
    "interp/step": ["interp/observe", "interp/vm", "interp/compile", "interp/bytecode", "runtime/object", "runtime/sched", "runtime/base"],
    "interp/include": [],
    "interp/api": ["interp", "runtime"],
    "interp/cli": ["interp", "runtime"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"((?:runtime|interp)/[^"]+)"')


def violations(root):
    for folder, allowed in ALLOWED.items():
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in {".h", ".cpp", ".re", ".def", ".inc"}:
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if match and not any(match[1].startswith(prefix + "/") for prefix in [folder, *allowed]):
                    yield f"{path.relative_to(root)}:{number}: {folder} may not include {match[1]}"


def main():
    root = pathlib.Path(sys.argv[1])
    known = {folder for folder in ALLOWED}
    found = list(violations(root))
    for top in ("runtime", "interp"):
        for folder in sorted((root / top).iterdir()):
            if folder.is_dir() and str(folder.relative_to(root)) not in known:
                found.append(f"{folder.relative_to(root)}: a layer that tests/layers.py does not know")
    print("\n".join(found) or "no include runs upward")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
