"""Runs a program and ends it when the process that started it is gone.

  launch.py PROGRAM.py [ARGUMENT...]   of this folder, with the packages that ../installed.json names, or
                                       ENGINES_PACKAGES, folders of ../packages with spaces between
  launch.py -m MODULE [ARGUMENT...]    of this Python

Standard input is the line to the parent: it is a pipe that the parent keeps open, and when it closes, however the
parent ended, this process ends at once. On Linux the kernel sees to it as well.
"""
import ctypes
import json
import os
import pathlib
import runpy
import signal
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
PR_SET_PDEATHSIG = 1


def end_with_parent():
    """Ends this process when standard input closes."""
    line = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)  # nothing else reads from the line
    os.close(null)

    def watch():
        try:
            while os.read(line, 4096):
                pass
        finally:
            os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True, name="parent").start()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def add_packages():
    """Makes importable what is installed, and refuses another Python than it was installed for."""
    names = os.environ.get("ENGINES_PACKAGES", "").split()
    if not names:
        installed = json.loads((HERE.parent / "installed.json").read_text())
        names, python = installed["packages"] or [], "%d.%d" % sys.version_info[:2]
        if installed["python"] != python:
            sys.exit(f"the engines were installed for Python {installed['python']}, this is {python}: tars engines update")
    sys.path += [str(HERE.parent / "packages" / name) for name in names]


def main():
    end_with_parent()
    if len(sys.argv) > 2 and sys.argv[1] == "-m":
        sys.argv = sys.argv[2:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    elif len(sys.argv) > 1:
        sys.argv = sys.argv[1:]
        add_packages()
        runpy.run_path(str(HERE / sys.argv[0]), run_name="__main__")
    else:
        sys.exit(__doc__)


main()
