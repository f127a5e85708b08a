#!/usr/bin/env python3
"""Installs mini and uses it as a stranger would: a consumer of ten lines is configured, built and run.

    packaging.py --source DIR --build DIR WAY...

WAY is `installed` (find_package and pkg-config, from `cmake --install`), `deb` (the unpacked package of cpack),
`subdirectory` (add_subdirectory) or `shared` (a build with BUILD_SHARED_LIBS, installed). The last two compile all of mini.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

MAIN = r'''
#include <mini/mini.h>
#include <cstdio>
int main() {
  mini::Vm vm;
  vm.define("twice", [](int n) { return 2 * n; });
  vm.run("def f(x): return twice(x) + 2");
  std::printf("%d %s\n", vm.call("f", 20).to<int>(), std::string(mini::library_version()).c_str());
  try { vm.run("1 / 0"); } catch (const mini::Error& e) { std::puts(e.what()); }
}
'''
EXPECTED = "42 {version}\nZeroDivisionError: division by zero\n"
FIND = '''cmake_minimum_required(VERSION 3.25)
project(consumer CXX)
find_package(mini {version} REQUIRED)
add_executable(consumer main.cpp)
target_link_libraries(consumer PRIVATE mini::mini)
'''
SUBDIRECTORY = '''cmake_minimum_required(VERSION 3.25)
project(consumer CXX)
add_subdirectory({source} mini)
add_executable(consumer main.cpp)
target_link_libraries(consumer PRIVATE mini::mini)
'''


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"failed: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def launcher():
    return ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []


def consume(directory, lists, version, *arguments, environment=None):
    """Configures, builds and runs the consumer."""
    directory.mkdir()
    (directory / "main.cpp").write_text(MAIN)
    (directory / "CMakeLists.txt").write_text(lists)
    run("cmake", "-G", "Ninja", "-S", directory, "-B", directory / "build", *arguments, *launcher())
    run("cmake", "--build", directory / "build")
    check(run(directory / "build/consumer", env=environment), version, lists.splitlines()[2])


def check(output, version, what):
    if output != EXPECTED.format(version=version):
        sys.exit(f"the consumer ({what}) printed {output!r}")


def consume_prefix(work, prefix, version):
    consume(work / "find", FIND.format(version=version), version, f"-DCMAKE_PREFIX_PATH={prefix}")
    library = next(iter(sorted(prefix.rglob("libmini.*")))).parent
    flags = run("pkg-config", "--cflags", "--libs", "mini",
                env=dict(os.environ, PKG_CONFIG_PATH=str(library / "pkgconfig"))).split()
    (work / "main.cpp").write_text(MAIN)
    run("g++", "-std=c++20", work / "main.cpp", "-o", work / "by_pkg_config", *flags)
    environment = dict(os.environ, LD_LIBRARY_PATH=str(library))
    check(run(work / "by_pkg_config", env=environment), version, "pkg-config")
    if run(prefix / "bin/mini", "-c", "print('ran')", env=environment) != "ran\n":
        sys.exit("the installed program does not run")
    for page in ("share/man/man1/mini.1",):
        if not list(prefix.glob(page + "*")):
            sys.exit(f"no {page}")
    for header in sorted((prefix / "include/mini").glob("*.h")):
        (work / "alone.cpp").write_text(f"#include <mini/{header.name}>\n#include <mini/{header.name}>\n")
        run("g++", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{prefix}/include", work / "alone.cpp")


def exported(library):
    """The defined dynamic symbols that are neither mini's public interface nor of the C++ library."""
    names = run("nm", "-DC", "--defined-only", library).splitlines()
    names = [line.split(maxsplit=2)[2] for line in names if len(line.split(maxsplit=2)) == 3]
    inner = ("mini::vm::", "mini::object::", "mini::sched::", "mini::base::", "mini::compile::", "mini::bytecode::",
             "mini::modules::", "mini::detail::Core", "fmt::")
    return [name for name in names if any(part in name.split("(")[0] for part in inner)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("ways", nargs="+", choices=["installed", "deb", "subdirectory", "shared"])
    arguments = parser.parse_args()
    version = next(line.split("VERSION ")[1].split()[0]
                   for line in (arguments.source / "CMakeLists.txt").read_text().splitlines()
                   if line.startswith("project("))
    for way in arguments.ways:
        with tempfile.TemporaryDirectory() as name:
            work = pathlib.Path(name)
            if way == "installed":
                run("cmake", "--install", arguments.build, "--prefix", work / "prefix")
                consume_prefix(work, work / "prefix", version)
            elif way == "deb":
                run("cpack", "--config", arguments.build / "CPackConfig.cmake", "-B", work / "pack")
                package = next((work / "pack").glob("mini_*.deb"))
                fields = run("dpkg-deb", "--field", package)
                # A program that is linked statically needs no other package.
                is_static = "MINI_STATIC_PROGRAM:INTERNAL=1" in (arguments.build / "CMakeCache.txt").read_text()
                needs = "Depends:" not in fields if is_static else "Depends: libc6" in fields
                if f"Version: {version}" not in fields or not needs:
                    sys.exit("the package's fields:\n" + fields)
                run("dpkg-deb", "-x", package, work / "root")
                consume_prefix(work, work / "root/usr", version)
            elif way == "subdirectory":
                consume(work / "sub", SUBDIRECTORY.format(source=arguments.source), version, "-DCMAKE_BUILD_TYPE=Debug")
            else:
                run("cmake", "-G", "Ninja", "-S", arguments.source, "-B", work / "build", "-DBUILD_SHARED_LIBS=ON",
                    "-DCMAKE_BUILD_TYPE=Debug", *launcher())
                run("cmake", "--build", work / "build", "--target", "mini", "mini_library")
                run("cmake", "--install", work / "build", "--prefix", work / "prefix")
                consume_prefix(work, work / "prefix", version)
                inner = exported(next((work / "prefix").rglob("libmini.so")))
                if inner:
                    sys.exit("libmini.so shows what it should hide:\n" + "\n".join(inner[:20]))
        print(f"{way}: a consumer was built and ran")


if __name__ == "__main__":
    main()
