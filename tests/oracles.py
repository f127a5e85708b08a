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


def wanted(version):
    """As find(), but ends the program if there is none where there has to be one."""
    path = find(version)
    if not path and os.environ.get("MINI_REQUIRE_ORACLES") == "1":
        sys.exit(f"CPython {version} is required and not found: set MINI_PYTHON{version.replace('.', '')}")
    return path


def require(version):
    """As wanted(), but ends the program as skipped if there is none."""
    path = wanted(version)
    if path:
        return path
    print(f"skipped: CPython {version} is not installed")
    sys.exit(SKIP)


def continue_under(version):
    """Starts the running program again under that CPython, unless it is the one that runs it."""
    if sys.version_info[:2] != tuple(map(int, version.split("."))):
        python = require(version)
        os.execve(python, [python, *sys.argv], {"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0"})


def run(command, **options):
    """Runs with a clean environment; text in and out."""
    environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, **options)
