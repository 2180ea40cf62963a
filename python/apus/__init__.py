"""Apus: optimises ONNX models, compiles them into engines, runs and serves them.

The package carries the program itself; installing it puts `apus` among the environment's commands.
"""
import os
import sys
import sysconfig

__all__ = ["find_program"]


def find_program():
    """The path of the installed `apus`; FileNotFoundError where it was taken away."""
    name = "apus"
    places = [sysconfig.get_path("scripts")]
    user = sysconfig.get_preferred_scheme("user") if hasattr(sysconfig, "get_preferred_scheme") else "posix_user"
    places.append(sysconfig.get_path("scripts", scheme=user))
    # pip install --target and --prefix put the commands beside the modules.
    package = os.path.dirname(os.path.abspath(__file__))
    places.append(os.path.join(os.path.dirname(package), "bin"))
    places.append(os.path.join(os.path.dirname(package), "..", "..", "..", "bin"))
    for place in places:
        path = os.path.join(place, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.normpath(path)
    raise FileNotFoundError("the program apus is in none of " + ", ".join(places))


def main():
    """Becomes the program, with the arguments of this process."""
    program = find_program()
    os.execv(program, [program, *sys.argv[1:]])
