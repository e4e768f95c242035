#!/usr/bin/env python3
"""The lock file of the engines: every wheel that may be installed, with its size and SHA-256.

  cp pyproject.toml DIR && uv lock --project DIR
  python3 lock.py DIR/uv.lock >../lock.txt

Kept are wheels for CPython 3.11 to 3.14 on Linux (glibc) and macOS, of the packages in pyproject.toml, no others: what
the servers never import is left out, whatever a package declares.
"""
import pathlib, sys, tomllib

wanted = tomllib.loads((pathlib.Path(__file__).parent / "pyproject.toml").read_text())["project"]["dependencies"]
wanted = {line.split("==")[0].lower().replace("_", "-") for line in wanted}


def fits(wheel):
    python, abi, platform = wheel.removesuffix(".whl").split("-")[-3:]
    pythons = ("py3", "cp311", "cp312", "cp313", "cp314") + (tuple(f"cp3{n}" for n in range(2, 11)) if abi == "abi3" else ())
    return (any(p in pythons for p in python.split(".")) and not abi.endswith("t")
            and (platform == "any" or "macosx" in platform or "manylinux" in platform and platform.endswith(("x86_64", "aarch64"))))


for package in sorted(tomllib.load(open(sys.argv[1], "rb"))["package"], key=lambda p: p["name"]):
    if package["name"] not in wanted:
        continue
    print(package["name"], package["version"])
    for w in sorted(package.get("wheels", []), key=lambda w: w["url"].rsplit("/", 1)[1]):
        name = w["url"].rsplit("/", 1)[1]
        if fits(name):
            print("", name, w["size"], w["hash"].removeprefix("sha256:"))
