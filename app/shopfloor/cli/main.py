"""The `shopfloor` command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from shopfloor import __version__
from shopfloor.cli import failures
from shopfloor.cli.nouns import TopGroup
from shopfloor.cli.output import stream
from shopfloor.cli.session import Session
from shopfloor.domain.errors import ExitCode, ShopfloorError


@click.command(cls=TopGroup, invoke_without_command=True)
@click.version_option(__version__, "-V", "--version", message="shopfloor %(version)s")
@click.pass_context
def shopfloor(context: click.Context) -> int | None:
    """The model factory in your terminal.

    Without a command it opens the screen. Data goes to stdout, narration to stderr; every list
    and show prints JSON with --json.
    """
    if context.invoked_subcommand is not None:
        return None
    from shopfloor.cli.screen import open_screen

    return open_screen(context.ensure_object(Session))


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; its exit code (see `ExitCode`). Never raises, never prints a traceback."""
    if "_SHOPFLOOR_COMPLETE" in os.environ:
        shopfloor.main(list(arguments), prog_name="shopfloor")
    as_json = "--json" in arguments
    session = Session()
    try:
        code = _dispatch(arguments, session)
        stream.flush()
        return code
    except (stream.OutputClosed, BrokenPipeError):  # click writes its help itself
        stream.abandon()
        return int(ExitCode.OK)
    except ShopfloorError as error:
        return failures.report(error, as_json=as_json)
    except click.ClickException as error:
        return _misused(error, as_json=as_json)
    except (KeyboardInterrupt, click.Abort, EOFError):
        return failures.interrupted(as_json=as_json)
    except OSError as error:
        return failures.report(failures.of_the_system(error), as_json=as_json)
    except Exception as error:  # noqa: BLE001 - the process boundary: nobody above can handle it
        return failures.report(failures.unexpected(error), as_json=as_json)
    finally:
        session.close()


def _dispatch(arguments: Sequence[str], session: Session) -> int:
    try:
        with shopfloor.make_context("shopfloor", list(arguments), obj=session) as context:
            code = shopfloor.invoke(context)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    return int(code or ExitCode.OK)


def _misused(error: click.ClickException, *, as_json: bool) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        stream.narrate(error.format_message())
        return int(ExitCode.USAGE)
    return failures.report(failures.from_click(error), as_json=as_json)
