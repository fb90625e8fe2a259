"""Print what is installed beside this program, as constraints for pip and uv.

    .venv-latest/bin/python tools/constraints.py > constraints.txt

`pip freeze` is not used because it may name paths and addresses, and because uv's environments have no pip.
"""

from __future__ import annotations

from importlib.metadata import distributions

HEAD = """\
# Exact versions of everything that `make` installs, run time and development.
# Written by `make constraints`; a second look with the newest releases is `make test-latest`.
"""
# What a virtual environment brings along, and the project itself.
OWN = {"pip", "setuptools", "shopfloor", "wheel"}


def main() -> None:
    found = {one.name.lower().replace("_", "-"): one.version for one in distributions()}
    print(HEAD + "\n".join(f"{name}=={found[name]}" for name in sorted(found) if name not in OWN))


if __name__ == "__main__":
    main()
