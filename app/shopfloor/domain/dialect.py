"""Which parser settings and column formats make sense; told apart before any file is touched."""

from __future__ import annotations

import codecs

import msgspec

from shopfloor.domain.column_names import fold
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Parser
from shopfloor.domain.errors import UsageError
from shopfloor.domain.missing import word_at_fault
from shopfloor.domain.number_format import COMMA, POINT, number_format
from shopfloor.domain.numbers import count
from shopfloor.domain.text import safe

NO_QUOTES = "none"
"""The quote setting of files in which quote marks are ordinary characters."""

MAX_SKIPPED = 10_000
_WORDS = {"tab": "\t", r"\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
# strptime codes that both Python and DuckDB know.
_CODES = frozenset("aAbBdfHIjmMpSyY%")


def delimiter_of(text: str) -> str:
    """The character that a person means by `text`: itself, `tab`, or an escape such as `\\x1f`."""
    word = _WORDS.get(text.lower(), text)
    if word.startswith("\\x") and len(word) == 4:
        try:
            return chr(int(word[2:], 16))
        except ValueError:
            return word
    return word


def merged(base: Parser, given: Parser) -> Parser:
    """`base` with what `given` says instead; words for "missing" come on top."""
    said = {key: value for key, value in msgspec.structs.asdict(given).items() if value}
    said["missing"] = tuple(dict.fromkeys((*base.missing, *given.missing)))
    if given.rename:
        said["rename"] = tuple(f"{new}={old}" for new, old in (_pairs(base) | _pairs(given)).items())
    return msgspec.structs.replace(base, **said)


def _pairs(parser: Parser) -> dict[str, str]:
    return {new: old for new, _, old in (pair.partition("=") for pair in parser.rename)}


def check_parser(parser: Parser) -> Parser:
    """`parser`, its delimiter as one character; raises `UsageError` for what cannot work."""
    parser = msgspec.structs.replace(parser, delimiter=delimiter_of(parser.delimiter))
    _check_marks(parser)
    _check_encoding(parser.encoding)
    _check_rename(parser)
    if not 0 <= parser.skip_lines <= MAX_SKIPPED:
        raise UsageError(
            f"skip_lines is {parser.skip_lines}; it counts the lines before the header, up to {count(MAX_SKIPPED)}.",
            hint="Leave it out when the header is the first line.",
            code="bad_parser",
        )
    fault = word_at_fault(parser.missing)
    if fault:
        raise UsageError(
            f"missing {fault}.",
            hint='List words that stand for no value: missing = ["k.A.", "-999"].',
            code="bad_parser",
        )
    return parser


def check_format(column: Column) -> None:
    """Raise `UsageError` for a format that does not go with the column's type."""
    if not column.format:
        return
    if column.type is ColumnType.NUMBER and number_format(column.format) is not None:
        return
    if column.type.temporal and _is_time(column.format):
        return
    raise UsageError(
        f"Format {safe(column.format, 40)!r} says nothing about {column.type} columns such as "
        f"{safe(column.name, 60)!r}.",
        hint=f'Numbers know "{COMMA}" and "{POINT}", with a sign too ("$1,234.56", "1.234,56 %", "(1,234.56)"); '
        'dates and times a pattern such as "%d/%m/%Y %H:%M" or "%d-%b-%y".',
        code="bad_format",
    )


def _check_marks(parser: Parser) -> None:
    for name, mark, what in (
        ("delimiter", parser.delimiter, "a comma, a semicolon, tab, \\x1f, …"),
        ("quote", "" if parser.quote == NO_QUOTES else parser.quote, "a quote mark, or none for no quoting"),
        ("escape", parser.escape, "a backslash, or leave it out where quotes inside text are written twice"),
        ("decimal", parser.decimal, "a point or a comma"),
    ):
        if len(mark) > 1 or mark in {"\n", "\r", "\0"} or not mark.isascii():
            raise UsageError(
                f"The {name} is one character, and {safe(mark, 20)!r} is not.",
                hint=f"Give {what}.",
                code="bad_parser",
            )
    if parser.decimal not in {"", ".", ","}:
        raise UsageError(
            f"{safe(parser.decimal, 20)!r} is not a decimal mark.", hint="Use a point or a comma.", code="bad_parser"
        )
    if parser.delimiter and parser.delimiter == parser.quote:
        raise UsageError("The delimiter and the quote are the same character.", code="bad_parser")
    if parser.escape and parser.escape in {parser.delimiter, parser.quote or '"'}:
        raise UsageError(
            "The escape is the same character as the delimiter or the quote.",
            hint="Leave it out where quotes inside text are written twice.",
            code="bad_parser",
        )


def pairs_of(text: str) -> tuple[str, ...]:
    """`new=old, new=old` as a person writes it."""
    return tuple(pair.strip() for pair in text.split(",") if pair.strip())


def _check_rename(parser: Parser) -> None:
    for pair in parser.rename:
        new, mark, old = pair.partition("=")
        if not new.strip() or not old.strip() or not mark or "=" in old:
            raise UsageError(
                f"The renaming {safe(pair, 80)!r} does not name two columns.",
                hint="Write new=old: the name in the files, then the contract's.",
                code="bad_parser",
            )
    for side, what in ((0, "renamed"), (2, "given another name")):
        same = [fold(pair.partition("=")[side]) for pair in parser.rename]
        twice = next((name for name in same if same.count(name) > 1), None)
        if twice is not None:
            raise UsageError(
                f"Column {safe(twice, 80)!r} is {what} twice.",
                hint="Each column has one other name.",
                code="bad_parser",
            )


def _check_encoding(name: str) -> None:
    if not name:
        return
    try:
        known = codecs.lookup(name)
        "a".encode(known.name)  # base64 and the like are codecs, but not of text
    except (LookupError, UnicodeError, ValueError) as error:
        raise UsageError(
            f"There is no text encoding {safe(name, 40)!r}.",
            hint="Common ones: utf-8, utf-16, windows-1252, iso-8859-15, windows-1250, shift_jis, gb18030.",
            code="bad_parser",
        ) from error


def _is_time(format: str) -> bool:
    """True for a pattern of known codes that holds a day."""
    codes = set(format.replace("%%", "").split("%")[1:])
    return bool(codes) and all(code[:1] in _CODES for code in codes) and "%y" in format.lower()
