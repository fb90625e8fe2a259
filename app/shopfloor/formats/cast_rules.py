"""How one raw value becomes a value of a pinned type, in SQL, without silent changes.

DuckDB's own casts would turn '1.5' into the integer 2, '1e400' into infinity, '2026-01-31 10:00'
into a date and drop the offset of '10:00+02:00' (measured on 2.0.0). So each type has a cheap
test that the cast is exact, then rarer spellings, then words for "missing"; all else is bad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from shopfloor.domain.columns import EXACT, ColumnType
from shopfloor.domain.missing import ALWAYS_MISSING, MISSING
from shopfloor.domain.moments import CLOCK, DAY, MIDNIGHT, OFFSET, UTC_MARK, T
from shopfloor.domain.number_format import COMMA, POINT, number_format
from shopfloor.duck.sql import SQL_TYPES, text
from shopfloor.formats.cast_rule import Alteration, CastRule
from shopfloor.formats.notation import (
    GROUPS,
    INFINITY,
    MONTH_DAY,
    MONTH_FORMATS,
    MONTH_TIME,
    MONTH_TIME_FORMATS,
    POINT_CLOCK,
    POINT_DAY,
    marked,
    same_iso,
    same_point,
    signed,
    time_formats,
)
from shopfloor.formats.raw_type import Family, family_of
from shopfloor.formats.shape import JSON, TEXT


def cast_rule(
    raw: str,
    kind: ColumnType,
    *,
    decimal: str = ".",
    format: str = "",
    first: bool = False,
    any_text: bool = False,
    missing: Sequence[str] = (),
    grouped: bool = False,
) -> CastRule | None:
    """How to read values of DuckDB's type `raw` as `kind`; None when the types do not go together.

    `format` is the column's, `decimal` the file's where the column has none. `first`: accept only
    what inference over the whole file would have called `kind` as well. `any_text`: typed values may
    become text, which only a person decides. `missing` are words that the contract declares. `grouped`: the
    file's dialect has decimal commas, so in a column that is pinned so 1.800 is eighteen hundred.
    """
    if kind is not ColumnType.UNKNOWN and raw not in {TEXT, JSON}:
        return _typed(family_of(raw), kind, any_text=any_text)
    how = _worded(raw, kind, decimal, format, first, grouped)
    return _declared(how, missing) if missing else how


def _worded(raw: str, kind: ColumnType, decimal: str, format: str, first: bool, grouped: bool) -> CastRule:
    """How to read text."""
    if kind is ColumnType.UNKNOWN:
        return _ABSENT
    if format and kind is ColumnType.INTEGER:
        # A model's own type, where its dataset has been widened to numbers since.
        return _TEXTS[kind] if raw == JSON else _whole(_GROUPED if grouped and format == COMMA else _MARKED.get(format))
    if format:
        commas = grouped and format == COMMA and raw != JSON
        how = _GROUPED if commas else formatted(kind, format, json=raw == JSON)
        # A code such as 007 is no number, however others are written.
        return replace(how, good=f"{how.good} AND NOT ({CODE})") if first and kind is ColumnType.NUMBER else how
    if kind is ColumnType.NUMBER and decimal == ",":
        return _MARKED[COMMA]
    return (_FIRST if first else _TEXTS)[kind]


def _declared(how: CastRule, words: Sequence[str]) -> CastRule:
    """`how` for a contract that declares `words` as missing, in text too and before they are anything else."""
    if how.good == CastRule.good:
        return replace(how, value=f"CASE WHEN NOT {among(words)} THEN {how.value} END")
    missing = (among((*MISSING, *words)), "NULL")
    return replace(how, good=f"NOT {among(words)} AND {how.good}", others=(missing, *how.others[1:]))


def _matches(pattern: str) -> str:
    # Braces of the pattern survive str.format.
    return "regexp_full_match(trim({v}), '" + pattern.replace("{", "{{").replace("}", "}}") + "')"


_MARK = "\x1f"


def among(words: Sequence[str]) -> str:
    """SQL that is true where {v}, without blanks around it, is one of `words`; NULL for NULL."""
    # One search instead of a list of comparisons: half the time to plan. No value holds the mark.
    listed = text(_MARK + _MARK.join(words) + _MARK)
    return f"contains({_braced(listed)}, '{_MARK}' || trim({{v}}) || '{_MARK}')"


def _braced(sql: str) -> str:
    """Braces survive str.format."""
    return sql.replace("{", "{{").replace("}", "}}")


IS_MISSING = among(MISSING)
_MISSING = (IS_MISSING, "NULL")
# A year of two digits, read as four, lies in antiquity.
_PLAUSIBLE = "BETWEEN TIMESTAMP '1000-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'"
_RANGE = "BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'"
_TIME_RANGE = "BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'"


def _when(test: str, value: str, within: str = "IS NOT NULL") -> tuple[str, str]:
    """A spelling counts only when its conversion works (2026-02-31 looks like a date)."""
    return f"{test} AND {value} {within}", value


def _parsed(formats: Sequence[str]) -> str:
    return f"try_strptime(trim({{v}}), [{_braced(', '.join(map(text, formats)))}])"


_INTEGER = CastRule(
    tries="TRY_CAST({v} AS BIGINT)",
    # What reads back as it is written needs no other test. 8.000 is eight or eight thousand.
    good=f"({{a}}::VARCHAR = {{v}} OR ({{a}}::DOUBLE = TRY_CAST({{v}} AS DOUBLE) AND NOT contains({{v}}, '_') "
    f"AND {{a}} BETWEEN -{EXACT} AND {EXACT} AND (NOT contains({{v}}, '.') OR NOT {_matches(GROUPS)})))",
    value="{a}",
    others=(_MISSING,),
)
# A whole number that no double holds is not rounded: it is no number of this type.
_UNROUNDED = (
    f"(abs({{a}}) < {EXACT} OR NOT regexp_full_match(trim({{v}}), '[-+]?[0-9]+') "
    "OR coalesce(TRY_CAST({a} AS HUGEINT) = TRY_CAST({v} AS HUGEINT), false))"
)
# A sum or a mean over infinity is infinity or nothing; a larger number than any double reads so, too.
INFINITE = Alteration("isinf({a})", "NULL", "infinite value was", "infinite values were")
_NUMBER = CastRule(
    tries="TRY_CAST({v} AS DOUBLE)",
    good=f"isfinite({{a}}) AND NOT contains({{v}}, '_') AND {_UNROUNDED}",
    value="{a}",
    others=(_MISSING,),
    altered=INFINITE,
)
_BOOLEAN = CastRule(
    tries="TRY_CAST({v} AS BOOLEAN)",
    good="{a} IS NOT NULL",
    value="{a}",
    others=(_MISSING, _when("true", "TRY_CAST(trim({v}) AS BOOLEAN)")),
)
_DATE_TRY = "TRY_CAST({v} AS DATE)"
# The cast alone would also take 2026\01\31, and " 026-01-31" for the year 26.
_SLASHED = "({v} LIKE '____/__/__' AND {v} >= '0' AND right({v}, 1) >= '0')"
_DATE_GOOD = f"({{a}}::VARCHAR = {{v}} OR {_SLASHED}) AND {{a}} {_RANGE}"
_PLAIN_TIME = _when(
    _matches(rf"{DAY}({T}{CLOCK}({UTC_MARK})?)?"),
    "TRY_CAST(rtrim(upper(trim({v})), 'ZUTCGM ') AS TIMESTAMP)",
    _TIME_RANGE,
)
_OFFSET_TIME = _when(
    _matches(rf"{DAY}{T}{CLOCK} ?{OFFSET}"),
    # The offset must touch the time.
    r"TRY_CAST(regexp_replace(upper(trim({v})), ' +([+-])', '\1') AS TIMESTAMPTZ)::TIMESTAMP",
    _TIME_RANGE,
)
# Ways to write a day that can be read in one way only: as ISO does, with points, with the month's name.
_WAYS = {
    ColumnType.DATE: (
        (
            _when(_matches(DAY), "TRY_CAST(trim({v}) AS DATE)", _RANGE),
            _when(_matches(rf"{DAY}{T}{MIDNIGHT}"), "TRY_CAST(regexp_extract(trim({v}), '^[^Tt ]+') AS DATE)", _RANGE),
        ),
        (_when(_matches(POINT_DAY), f"{_parsed(['%d.%m.%Y'])}::DATE", _RANGE),),
        (_when(_matches(MONTH_DAY), f"{_parsed(MONTH_FORMATS)}::DATE", _RANGE),),
    ),
    ColumnType.TIMESTAMP: (
        (_PLAIN_TIME, _OFFSET_TIME),
        (_when(_matches(f"{POINT_DAY}( {POINT_CLOCK})?"), _parsed(time_formats("%d.%m.%Y")), _TIME_RANGE),),
        (
            _when(
                _matches(MONTH_TIME),
                _parsed(MONTH_TIME_FORMATS),
                _TIME_RANGE,
            ),
        ),
    ),
}


_STAMP = CastRule(
    tries="TRY_CAST({v} AS TIMESTAMP)",
    # 19 characters may also be 2026-01-31T10:00+02, whose offset this cast would drop, and of 10: 5:07 it
    # would make 10:00:00.
    good=f"{{a}} {_TIME_RANGE} AND strlen({{v}}) = 19 AND substr({{v}}, 17, 1) = ':' "
    "AND NOT contains({v}, ': ') AND NOT contains({v}, ' :')",
    value="{a}",
    others=(_MISSING, *chain(*_WAYS[ColumnType.TIMESTAMP])),
)
# Of a column whose type is open only what is missing can be read.
_ABSENT = CastRule(good="false", others=((IS_MISSING.replace("{v}", "{v}::VARCHAR"), "NULL"),))
_TEXTS = {
    ColumnType.TEXT: CastRule(value=f"nullif({{v}}, '{ALWAYS_MISSING}')"),
    ColumnType.INTEGER: _INTEGER,
    ColumnType.NUMBER: _NUMBER,
    ColumnType.BOOLEAN: _BOOLEAN,
    ColumnType.DATE: CastRule(
        tries=_DATE_TRY,
        good=_DATE_GOOD,
        value="{a}",
        others=(_MISSING, *chain(*_WAYS[ColumnType.DATE])),
    ),
    ColumnType.TIMESTAMP: _STAMP,
}

# A code such as 007 is text; so is a whole number that no BIGINT holds.
# Blanks are trimmed only where there may be some.
CODE = "(({v} >= '00' AND {v} < '0:') OR (({v} < '!' OR {v} >= chr(127)) AND ltrim({v}) >= '00' AND ltrim({v}) < '0:'))"
_FIRST = {
    **_TEXTS,
    ColumnType.INTEGER: CastRule(
        tries="TRY_CAST({v} AS BIGINT)",
        good="{a}::VARCHAR = {v}",
        value="{a}",
        others=(_MISSING,),
    ),
    ColumnType.NUMBER: CastRule(
        tries=_NUMBER.tries,
        good=f"abs({{a}}) < 9.2e18 AND NOT contains({{v}}, '_') AND NOT ({CODE}) AND {_UNROUNDED}",
        value="{a}",
        others=_NUMBER.others,
        altered=INFINITE,
    ),
    ColumnType.BOOLEAN: CastRule(
        tries=_BOOLEAN.tries,
        good="lower({v}) IN ('true', 'false')",
        value="{a}",
        others=(_MISSING,),
    ),
    # Days such as 31.12.2026 and times with an offset are other ways: see `spelling`.
    ColumnType.DATE: CastRule(
        tries=_DATE_TRY, good=_DATE_GOOD, value="{a}", others=(_MISSING, _WAYS[ColumnType.DATE][0][0])
    ),
    ColumnType.TIMESTAMP: CastRule(
        tries=_STAMP.tries, good=_STAMP.good, value=_STAMP.value, others=(_MISSING, _PLAIN_TIME)
    ),
}


def _numbers(value: str, written: str, *, json: bool) -> CastRule:
    """Numbers of the pattern `written`, whose {v} is `value`.

    Of JSON only its texts are such numbers: its own have one spelling.
    """
    own = "WHEN json_type({j}) <> 'VARCHAR' THEN TRY_CAST({v} AS DOUBLE) " if json else ""
    return CastRule(
        tries=f"CASE {own}WHEN {_matches(written)} THEN {value} END",
        good=f"isfinite({{a}}) AND {_UNROUNDED}",
        value="{a}",
        others=_NUMBER.others,
        altered=INFINITE,
    )


def _marked(group: str, decimal: str, *, alone: bool, json: bool = False) -> CastRule:
    """Numbers with a mark between thousands and another before the fraction."""
    value = f"TRY_CAST(replace(replace(trim({{v}}), '{group}', ''), '{decimal}', '.') AS DOUBLE)"
    return _numbers(value, f"{marked(group, decimal, alone=alone)}|{INFINITY}", json=json)


_MARKED = {COMMA: _marked(".", ",", alone=False), POINT: _marked(",", ".", alone=True)}
_GROUPED = _marked(".", ",", alone=True)
_MARKED_JSON = {COMMA: _marked(".", ",", alone=False, json=True), POINT: _marked(",", ".", alone=True, json=True)}
# Times that all say how far they are from UTC.
OFFSET_ONLY = CastRule(good="false", others=(_MISSING, _OFFSET_TIME))


def _signed(format: str, *, json: bool) -> CastRule:
    """Numbers with a sign such as % or $, or with parentheses for those below zero."""
    how = number_format(format)
    assert how is not None
    group, decimal = how.marks
    unsigned = f"replace({{v}}, {_braced(text(how.sign))}, '')" if how.sign else "{v}"
    cleared = f"regexp_replace({unsigned}, '[ \u00a0\u202f()+]', '', 'g')"
    number = f"replace(replace({cleared}, '{group}', ''), '{decimal}', '.')"
    value = f"TRY_CAST((CASE WHEN contains({{v}}, '(') THEN '-' ELSE '' END) || {number} AS DOUBLE)"
    return _numbers(value, signed(how), json=json)


def _whole(how: CastRule | None) -> CastRule:
    """Whole numbers among those that `how` reads; without it, among plain ones."""
    if how is None:
        return _TEXTS[ColumnType.INTEGER]
    good = f"({how.good}) AND {{a}} = trunc({{a}}) AND abs({{a}}) <= {EXACT}"
    return replace(how, good=good, value="{a}::BIGINT", altered=None)


def formatted(kind: ColumnType, format: str, *, json: bool = False) -> CastRule:
    """How to read text in a column's pinned format. Days that can be read in one way only are read beside it."""
    if kind is ColumnType.NUMBER:
        plain = _MARKED_JSON if json else _MARKED
        return plain[format] if format in plain else _signed(format, json=json)
    formats = time_formats(format) if kind is ColumnType.TIMESTAMP else (format,)
    good = f"{{a}} {_PLAUSIBLE}" + (" AND date_trunc('day', {a}) = {a}" if kind is ColumnType.DATE else "")
    return CastRule(
        tries=_parsed(formats),
        good=good,
        value="{a}::DATE" if kind is ColumnType.DATE else "{a}",
        others=(_MISSING, *_beside(kind, format)),
    )


def _beside(kind: ColumnType, format: str) -> tuple[tuple[str, str], ...]:
    """Ways to write a day that no pinned format reads otherwise."""
    iso, point, month = _WAYS[kind]
    return (*(iso if same_iso(format) else ()), *(point if same_point(format) else ()), *month)


def whole_beyond(raw: str) -> str:
    """SQL that is true for a {v} of DuckDB's type `raw` that is a whole number which no double may hold."""
    family = Family.TEXT if raw in {TEXT, JSON} else family_of(raw)
    if family is Family.TEXT:
        # Plain, with a decimal comma, with commas between thousands.
        ways = ("trim({v})", "replace(replace(trim({v}), '.', ''), ',', '.')", "replace(trim({v}), ',', '')")
        number = ", ".join(f"TRY_CAST({way} AS DOUBLE)" for way in ways)
        return f"(regexp_full_match(trim({{v}}), '[-+]?[0-9.,]+') AND abs(coalesce({number}, 0)) >= {EXACT})"
    if family in {Family.INTEGER, Family.WIDE, Family.WHOLE, Family.DECIMAL}:
        return f"({{v}} NOT BETWEEN -{EXACT} AND {EXACT})"
    return "false"


def _typed(family: Family | None, kind: ColumnType, *, any_text: bool) -> CastRule | None:
    """Conversions between types of typed files; only those that lose nothing."""
    if family is Family.NULL:
        nothing = f"NULL::{SQL_TYPES[kind]}"
        return CastRule(good="false", value=nothing, others=(("true", nothing),))
    if family is None:
        return None
    if any_text and kind is ColumnType.TEXT and family in _SPELLED:
        return _SPELLED[family]
    return _CONVERSIONS.get((family, kind))


_WHOLE = CastRule(tries="TRY_CAST({v} AS BIGINT)", good="{a} IS NOT NULL AND {v} = {a}", value="{a}")
_COUNTED = CastRule(good=f"{{v}} BETWEEN -{EXACT} AND {EXACT}", value="{v}::DOUBLE")
_PLAIN_WORDS = CastRule(value="{v}::VARCHAR")
_MICROSECONDS = "{v}::TIMESTAMP"  # of any zone, in UTC
_CONVERSIONS = {
    (Family.BOOLEAN, ColumnType.BOOLEAN): CastRule(),
    (Family.INTEGER, ColumnType.INTEGER): CastRule(value="{v}::BIGINT"),
    (Family.WIDE, ColumnType.INTEGER): _WHOLE,
    (Family.DECIMAL, ColumnType.INTEGER): _WHOLE,
    (Family.WHOLE, ColumnType.INTEGER): _WHOLE,
    # pandas makes floats of whole numbers as soon as one is missing.
    (Family.FLOAT, ColumnType.INTEGER): CastRule(
        tries="TRY_CAST({v} AS BIGINT)",
        good=f"{{a}}::DOUBLE = {{v}} AND {{a}} BETWEEN -{EXACT} AND {EXACT}",
        value="{a}",
        others=(("isnan({v})", "NULL"),),
    ),
    (Family.FLOAT, ColumnType.NUMBER): CastRule(
        good="isfinite({v})",
        value="{v}::DOUBLE",
        others=(("isnan({v})", "NULL"),),
        altered=replace(INFINITE, when="isinf({v})"),
    ),
    (Family.DECIMAL, ColumnType.NUMBER): CastRule(value="{v}::DOUBLE"),
    (Family.INTEGER, ColumnType.NUMBER): _COUNTED,
    (Family.WIDE, ColumnType.NUMBER): _COUNTED,
    (Family.WHOLE, ColumnType.NUMBER): _COUNTED,
    (Family.DATE, ColumnType.DATE): CastRule(good=f"{{v}} {_RANGE}"),
    (Family.DATE, ColumnType.TIMESTAMP): CastRule(good=f"{{v}} {_RANGE}", value="{v}::TIMESTAMP"),
    (Family.STAMP, ColumnType.TIMESTAMP): CastRule(
        tries="{v}::TIMESTAMP",
        good="isfinite({a}) AND {a} BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'",
        value="{a}",
    ),
    (Family.STAMP, ColumnType.DATE): CastRule(
        tries="{v}::TIMESTAMP", good="date_trunc('day', {a}) = {a}", value="{a}::DATE"
    ),
    (Family.FINE_STAMP, ColumnType.TIMESTAMP): CastRule(
        tries=_MICROSECONDS,
        good="isfinite({a}) AND epoch_ns({v}) % 1000 = 0",
        value="{a}",
        altered=Alteration(
            "isfinite({a})", "{a}", "time finer than a microsecond was", "times finer than a microsecond were"
        ),
    ),
    (Family.FINE_STAMP, ColumnType.DATE): CastRule(
        tries=_MICROSECONDS, good="date_trunc('day', {a}) = {a} AND epoch_ns({v}) % 1000 = 0", value="{a}::DATE"
    ),
    # Some writers do not say that their bytes are text.
    (Family.BYTES, ColumnType.TEXT): CastRule(tries="try(decode({v}))", good="{a} IS NOT NULL", value="{a}"),
    (Family.WIDE, ColumnType.TEXT): _PLAIN_WORDS,
    (Family.WHOLE, ColumnType.TEXT): _PLAIN_WORDS,
    (Family.WORD, ColumnType.TEXT): _PLAIN_WORDS,
    (Family.NESTED, ColumnType.TEXT): CastRule(value="to_json({v})::VARCHAR"),
}
# As stored values of these types are read once their column is text.
_SPELLED = {
    Family.BOOLEAN: _PLAIN_WORDS,
    Family.INTEGER: _PLAIN_WORDS,
    Family.WIDE: _PLAIN_WORDS,
    Family.DECIMAL: _PLAIN_WORDS,
    Family.DATE: _PLAIN_WORDS,
    Family.STAMP: CastRule(value="{v}::TIMESTAMP::VARCHAR"),
    Family.FINE_STAMP: CastRule(value=f"{_MICROSECONDS}::VARCHAR"),
    Family.FLOAT: CastRule(good="NOT isnan({v})", value="{v}::DOUBLE::VARCHAR", others=(("isnan({v})", "NULL"),)),
}
