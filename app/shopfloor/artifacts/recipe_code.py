"""The code of a recipe as a module, so that a model that needs it can be opened anywhere."""

from __future__ import annotations

import hashlib
import sys
import types


def module_of(source: str, file: str) -> types.ModuleType:
    """Run `source` once as a module named by its content, so that versions never mix.

    Objects of a recipe are pickled by that name; `FittedModel` carries the source beside them.
    Runs code: only for the team's own recipes and for artifacts whose signature was verified.
    """
    name = f"shopfloor_recipe_{hashlib.sha256(source.encode()).hexdigest()[:16]}"
    known = sys.modules.get(name)
    if known is not None:
        return known
    module = types.ModuleType(name)
    module.__file__ = file
    sys.modules[name] = module
    try:
        exec(compile(source, file, "exec"), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return module
