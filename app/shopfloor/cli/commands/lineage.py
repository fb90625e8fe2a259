"""`shopfloor lineage`: the graph above and below a reference."""

from __future__ import annotations

import click

from shopfloor import __version__
from shopfloor.actions.moments import parse_time
from shopfloor.cli.output import lineage, openlineage, stream
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session
from shopfloor.domain.errors import UsageError
from shopfloor.domain.requests.workspace import LineageShow
from shopfloor.domain.text import safe


@click.command(cls=Verb)
@click.argument("ref")
@click.option("--up", is_flag=True, help="Only upstream.")
@click.option("--down", is_flag=True, help="Only downstream.")
@click.option("--as-of", metavar="TIME", help="As of this time: 2026-06-30[T14:00:00Z].")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "dot", "openlineage"]),
    default="text",
    show_default=True,
    help="The output format.",
)
@json_option
@session
def command(
    session: Session,
    ref: str,
    up: bool,
    down: bool,
    as_of: str | None,
    style: str,
    as_json: bool,
) -> None:
    """Show the lineage of REF: a file (f1), a version (flights@3), a run (r7), an alert (a2), …"""
    if as_json and style not in ("text", "json"):
        raise UsageError(f"--json and --format {style} cannot be combined.")
    graph = session.ask(
        LineageShow(
            ref=ref,
            direction="both" if up == down else "up" if up else "down",
            as_of=None if as_of is None else parse_time(as_of),
        ),
        timeout=120.0,
    )
    if graph.also:
        roots = " and ".join((graph.root, *graph.also))
        stream.narrate(f"{safe(ref, 80)} is ambiguous ({roots}); both are shown.")
    if as_json or style == "json":
        stream.document(graph)
    elif style == "dot":
        stream.data(lineage.as_dot(graph))
    elif style == "openlineage":
        namespace = f"shopfloor://{session.workspace.name}"
        producer = f"urn:shopfloor:{__version__}"
        stream.document(openlineage.as_events(graph, namespace, producer))
    else:
        stream.data(lineage.as_tree(graph))
