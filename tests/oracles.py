"""Finds the CPythons that tests compare with. One that is missing is a visible skip, or a failure where
MINI_REQUIRE_ORACLES=1 (CI on a machine that has them)."""
import os
import pathlib
import shutil
import subprocess
import sys

SKIP = 77  # ctest's SKIP_RETURN_CODE


def find(version):
    """The path of python `version` ("3.9"), or None: MINI_PYTHON39, then PATH, then pyenv."""
    given = os.environ.get("MINI_PYTHON" + version.replace(".", ""))
    if given:
        return given
    roots = [os.environ.get("PYENV_ROOT"), pathlib.Path.home() / ".pyenv"]
    for root in filter(None, roots):
        for directory in sorted(pathlib.Path(root).glob(f"versions/{version}.*"), reverse=True):
            executable = directory / "bin" / f"python{version}"
            if executable.exists():
                return str(executable)
    return shutil.which(f"python{version}")


def require(version):
    """As find(), but ends the program if there is none."""
    path = find(version)
    if path:
        return path
    if os.environ.get("MINI_REQUIRE_ORACLES") == "1":
        sys.exit(f"CPython {version} is required and not found")
    print(f"skipped: CPython {version} is not installed")
    sys.exit(SKIP)


def run(command, **options):
    """Runs with a clean environment; text in and out."""
    environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, **options)
