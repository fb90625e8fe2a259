"""`shopfloor token`: access tokens for the HTTP endpoint."""

from __future__ import annotations

from typing import Any

import click

from shopfloor.cli.nouns import Noun
from shopfloor.cli.output import answers, stream
from shopfloor.cli.output.cells import minute, text
from shopfloor.cli.output.table import TextColumn, table
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import json_option, session

COLUMNS: tuple[TextColumn[Any], ...] = (
    TextColumn("NAME", lambda each: text(each.name), room=20),
    TextColumn("MAY", lambda each: text(_rights(each))),
    TextColumn("ENDS WITH", lambda each: text(each.hint)),
    TextColumn("CREATED", lambda each: minute(each.created_at)),
    TextColumn("REVOKED", lambda each: minute(each.revoked_at)),
)
EMPTY = "No token yet. Create one: shopfloor token create NAME"


@click.group(cls=Noun)
def command() -> None:
    """Access tokens for `shopfloor serve`, one for each caller."""


@command.command("create")
@click.argument("name")
@click.option("--append", metavar="DATASET", multiple=True, help="Allow adding rows to this dataset. Repeatable.")
@click.option("--predict", is_flag=True, help="Also allow predictions (default without --append).")
@json_option
@session
def create_token(session: Session, name: str, append: tuple[str, ...], predict: bool, as_json: bool) -> None:
    """Create a token and print it. It is shown this once and stored only as a digest.

    Its holder may ask for predictions; with --append only add rows to the named datasets.
    """
    from shopfloor.client.serve import token_create

    secret = token_create(session.workspace, name, predict=predict or not append, append=append)
    if as_json:
        stream.document({"name": name, "token": secret})
    else:
        stream.data(secret)
    stream.narrate("Keep it: it is not shown again. Clients send it as: Authorization: Bearer …")


@command.command("list")
@json_option
@session
def list_tokens(session: Session, as_json: bool) -> None:
    """List tokens; the secrets are not stored and cannot be shown."""
    from shopfloor.client.serve import token_list

    tokens = token_list(session.workspace)
    if as_json:
        stream.document([_public(each) for each in tokens])
    elif tokens:
        stream.data(table(COLUMNS, tokens, stream.terminal_width()))
    else:
        stream.narrate(EMPTY)


@command.command("revoke")
@click.argument("name")
@session
def revoke_token(session: Session, name: str) -> None:
    """Make a token worthless, at once."""
    from shopfloor.client.serve import token_list, token_revoke

    active = {each.name for each in token_list(session.workspace) if each.revoked_at is None}
    token_revoke(session.workspace, name)
    if not answers.repeated(name in active, False, f"token {text(name)} is already revoked"):
        stream.narrate(f"Token {text(name)} is revoked.")


def _rights(token: Any) -> str:
    """What its holder may do, in words."""
    rows = [f"add rows to {', '.join(token.append)}"] if token.append else []
    return ", ".join([*(["predict"] if token.predict else []), *rows])


def _public(token: Any) -> dict[str, Any]:
    """What may be shown of a token: not even the digest of its secret."""
    return {
        "name": token.name,
        "ends_with": token.hint,
        "predict": token.predict,
        "append": token.append,
        "created_at": token.created_at,
        "revoked_at": token.revoked_at,
    }
