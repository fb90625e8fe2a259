"""What a person can do about a file: every command exists, and every setting is one of a contract."""

from __future__ import annotations

import tomllib

import click
import pytest

from shopfloor.cli.main import shopfloor
from shopfloor.domain.codec import convert
from shopfloor.domain.contract import Parser
from shopfloor.domain.dialect import check_parser
from shopfloor.domain.remedy import FileVerb, Remedy, advice

SETTINGS = {"skip_lines": "2", "encoding": "cp1252", "escape": "\\", "quote": "none", "sheet": "May", "missing": "k.A."}
RENAMES = Remedy(
    text="To treat them as the same",
    verb=FileVerb.RETRY,
    settings=(("rename", "new=old"), ("rename", "a b=c")),
    keep=True,
    note="(without --keep, for this file only)",
)


def _arguments(words: str) -> tuple[click.Command, list[str]]:
    context = click.Context(shopfloor)
    group = shopfloor.get_command(context, "file")
    assert isinstance(group, click.Group)
    verb, *options = words.split()
    command = group.get_command(click.Context(group, info_name="file"), verb)
    assert command is not None, verb
    return command, options


@pytest.mark.parametrize("verb", FileVerb)
def test_the_command_of_every_remedy_exists(verb: FileVerb) -> None:
    words = Remedy(text="Do this", verb=verb).for_file("f7")
    assert words == f"Do this: shopfloor file {verb} f7"
    command, options = _arguments(words.partition("file ")[2])
    command.make_context(command.name, options)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_an_option_of_retry_and_a_key_of_the_contract(name: str) -> None:
    remedy = Remedy(text="Do this", verb=FileVerb.RETRY, settings=((name, SETTINGS[name]),))
    command, options = _arguments(remedy.for_file("f7").partition("file ")[2])
    assert options[1] in {option for parameter in command.params for option in parameter.opts}
    written = remedy.for_dataset("flights")
    assert written.startswith("Do this: ")
    assert written.endswith(" under [parser] in datasets/flights.toml")
    setting = written.removeprefix("Do this: ").removesuffix(" under [parser] in datasets/flights.toml")
    parser = convert(tomllib.loads(setting), Parser)
    check_parser(parser)
    assert getattr(parser, name) in (SETTINGS[name], 2, (SETTINGS[name],))


def test_a_setting_with_several_values_is_repeated_or_listed() -> None:
    assert RENAMES.for_file("f7") == (
        "To treat them as the same: shopfloor file retry f7 --rename new=old --rename 'a b=c' --keep "
        "(without --keep, for this file only)"
    )
    assert RENAMES.for_dataset("d") == (
        'To treat them as the same: rename = ["new=old", "a b=c"] under [parser] in datasets/d.toml'
    )


def test_a_file_that_is_not_in_the_ledger_is_told_no_command_that_needs_its_id() -> None:
    remedies = [Remedy(text="Without such rows", verb=FileVerb.ACCEPT), Remedy(text="Ask its sender.")]
    assert advice("Correct it.", [one.for_dataset("d") for one in remedies]) == "Correct it. Ask its sender"
    assert advice("Correct it.", [one.for_file("f7") for one in remedies]) == (
        "Correct it. Without such rows: shopfloor file accept f7. Ask its sender"
    )
