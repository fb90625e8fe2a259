"""`shopfloor model export | import`: signed bundles, also across an air gap."""

from __future__ import annotations

from pathlib import Path

import click

from shopfloor.actions.registry import by_name
from shopfloor.cli.output import answers, models, stream
from shopfloor.cli.output.cells import size, text
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session
from shopfloor.domain.errors import NotFoundError, RefusedError
from shopfloor.domain.names import split_ref
from shopfloor.domain.requests.models import ModelExport, ModelImport, ModelShow
from shopfloor.domain.text import safe

_TIMEOUT = 300.0
_PATH = click.Path(path_type=Path, dir_okay=False)


@click.command("export", cls=Verb, help=by_name("model.export").help)
@click.argument("ref")
@click.argument("path", required=False, type=_PATH)
@click.option("-o", "--output", type=_PATH, help="Where the bundle goes, instead of PATH.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@json_option
@session
def export_model(
    session: Session,
    ref: str,
    path: Path | None,
    output: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    target = (output or path or _default_path(session, ref)).absolute()
    if target.exists() and not force:
        raise RefusedError(f"{safe(target)} already exists.", hint="Choose another name, or add --force.")
    report = session.ask(ModelExport(ref=ref, path=str(target)), timeout=_TIMEOUT)
    if as_json:
        stream.document(report)
    else:
        stream.data(text(report.path))
        stream.narrate(f"{report.model} v{report.version}, {size(report.bytes)}, {report.sha256}")


@click.command("import", cls=Verb, help=by_name("model.import").help)
@click.argument("path", type=_PATH)
@click.option("--key", type=_PATH, metavar="FILE", help="The signing key of the workspace that wrote it, if trusted.")
@json_option
@session
def import_model(session: Session, path: Path, key: Path | None, as_json: bool) -> None:
    for file in filter(None, (path, key)):
        if not file.is_file():
            raise NotFoundError(f"There is no file {safe(file)}.", hint="Check the path.")
    request = ModelImport(path=str(path.absolute()), key="" if key is None else str(key.absolute()))
    answer = session.ask(request, timeout=_TIMEOUT)
    stream.narrate(f"{answer.model} v{answer.version} is registered; it serves when promoted.")
    answers.show(answer, models.describe_version, as_json=as_json)


COMMANDS = (export_model, import_model)


def _default_path(session: Session, ref: str) -> Path:
    name, version = split_ref(ref)
    number = version.removeprefix("v") or session.ask(ModelShow(name=name)).champion
    return Path(f"{name}-v{number}.shopfloor" if number else f"{name}.shopfloor")
