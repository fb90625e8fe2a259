"""`python -m shopfloor` is the `shopfloor` command."""

from __future__ import annotations

from shopfloor.cli.main import main

if __name__ == "__main__":
    main()
