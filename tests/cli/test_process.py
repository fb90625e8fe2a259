"""The command as a process: exit codes, errors, speed, closed pipes, Ctrl-C."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

APP = Path(__file__).parents[2] / "app"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A clean environment with compiled bytecode of its own, as an installed package has."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    cache = str(tmp_path_factory.mktemp("bytecode"))
    return {**kept, "PYTHONPATH": str(APP), "PYTHONPYCACHEPREFIX": cache, "TMPDIR": str(tmp_path_factory.mktemp("tmp"))}


def shopfloor(
    environment: dict[str, str], *words: str, cwd: Path | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shopfloor", *words],
        env=environment, cwd=cwd, text=True, capture_output=True, timeout=60, stdin=subprocess.DEVNULL, **options,
    )  # fmt: skip


def test_help_is_quick(environment: dict[str, str]) -> None:
    """The budget is 0.15 s with compiled bytecode: processor time, because machines are shared."""
    shopfloor(environment, "--help")
    times = []
    for _ in range(7):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert shopfloor(environment, "--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(times) <= 0.15, times


HEAVY = (
    "pandas",
    "numpy",
    "sklearn",
    "scipy",
    "duckdb",
    "pyarrow",
    "textual",
    "rich",
    "joblib",
    "starlette",
    "uvicorn",
)


@pytest.mark.parametrize(
    "words",
    [
        ["--help"], ["--version"], ["status", "--help"], ["model", "define", "--help"], ["file", "list", "--help"],
        ["predict", "--help"], ["lineage", "--help"], ["config", "--help"], ["serve", "--help"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_help_loads_nothing_heavy(words: list[str], environment: dict[str, str]) -> None:
    code = (
        "import sys; from shopfloor.cli.main import run; code = run(sys.argv[1:]);"
        f"heavy = sorted(set(sys.modules) & set({HEAVY!r}));"
        "sys.stderr.write(' '.join(heavy)); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_top_help_loads_no_command_and_no_client(environment: dict[str, str]) -> None:
    code = "import sys; from shopfloor.cli.main import run; run(['--help']); sys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    loaded = set(done.stderr.split())
    assert {name.split(".")[1] for name in loaded if name.startswith("shopfloor.")} == {"cli", "domain"}
    assert not loaded & {"shopfloor.cli.commands", "shopfloor.domain.record", "msgspec", "http", "socket"}


@pytest.mark.parametrize("words", [["status"], ["model", "list"], ["config", "get"], ["config", "validate"], ["down"]])
def test_talking_to_the_workspace_loads_nothing_heavy(
    words: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "workspace.toml").touch()
    code = (
        "import sys; import shopfloor.client.start as start; from tests.cli.recording import RecordingClient;"
        "start.connect = lambda root, start=True: RecordingClient(root);"
        "from shopfloor.cli.main import run; code = run(sys.argv[1:]);"
        f"sys.stderr.write('heavy: ' + ' '.join(sorted(set(sys.modules) & set({HEAVY!r})))); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env=environment | {"PYTHONPATH": f"{APP}:{APP.parent}"}, cwd=tmp_path, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("heavy: ")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["modle"], 2, "Did you mean 'model'?"),
        (["model", "lst"], 2, "Did you mean 'list'?"),
        (["model"], 2, "Usage: shopfloor model"),
        (["model", "define"], 2, "Missing argument 'NAME'"),
        (["file", "list", "--state", "gone"], 2, "quarantined"),
        (["status", "--jsn"], 2, "--json"),
        (["status"], 4, "shopfloor init"),
        (["-w", "/nonexistent", "status"], 4, "no workspace at /nonexistent"),
        (["lineage", "r1", "--as-of", "yesterday"], 2, "2026-06-30T14:00:00Z"),
        (["wait", "--timeout", "soon"], 2, "soon"),
    ],
)
def test_mistakes(words: list[str], code: int, said: str, environment: dict[str, str], tmp_path: Path) -> None:
    done = shopfloor(environment, *words, cwd=tmp_path)
    assert done.returncode == code
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    if "Usage:" not in said:
        assert len(done.stderr.splitlines()) <= 3


def test_a_hostile_word_comes_back_harmless(environment: dict[str, str], tmp_path: Path) -> None:
    done = shopfloor(environment, "\x1b]0;evil\x07", cwd=tmp_path)
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert "\x07" not in done.stderr


def test_an_unexpected_error_has_no_traceback_but_a_log(environment: dict[str, str], tmp_path: Path) -> None:
    code = (
        "import shopfloor.cli.main as main\n"
        "def broken(*_): raise ZeroDivisionError('secret')\n"
        "main._dispatch = broken\n"
        "raise SystemExit(main.run(['status']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    path = next(word for word in done.stderr.split() if "shopfloor-error-" in word).rstrip(";")
    assert "ZeroDivisionError: secret" in Path(path).read_text(encoding="utf-8")


def test_a_closed_pipe_is_quiet(environment: dict[str, str]) -> None:
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait()
    assert reader.stdin is not None
    code = (
        "from shopfloor.cli.output import stream; import shopfloor.cli.main as main\n"
        "def much(*_):\n"
        "    for number in range(50_000): stream.data(f'line {number}')\n"
        "    return 0\n"
        "main._dispatch = much\n"
        "raise SystemExit(main.run(['events']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, stdout=reader.stdin, stderr=subprocess.PIPE, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    reader.stdin.close()
    assert (done.returncode, done.stderr) == (0, "")


def test_help_into_a_closed_pipe_is_quiet(environment: dict[str, str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "shopfloor", "--help"], env=environment, stdout=writing, stderr=subprocess.PIPE,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_is_130_and_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    code = (
        "import signal, sys, time; import shopfloor.cli.main as main\n"
        # A shell that runs the tests in the background has its children ignore the key.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def slow(*_):\n"
        "    sys.stdout.write('ready\\n'); sys.stdout.flush(); time.sleep(30)\n"
        "main._dispatch = slow\n"
        "raise SystemExit(main.run(['wait']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said == "shopfloor: interrupted; the engine and its jobs keep running.\n"


def test_text_survives_a_terminal_without_unicode(environment: dict[str, str], tmp_path: Path) -> None:
    code = "from shopfloor.cli.output import stream; stream.data('v3 – ok …')"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment | {"PYTHONIOENCODING": "ascii"}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == "v3 \\u2013 ok \\u2026\n"


def test_a_table_for_programs_is_unchanged_in_a_pipe_and_safe_on_a_terminal(environment: dict[str, str]) -> None:
    code = "from shopfloor.cli.output import stream; stream.table_bytes([b'a,b\\n', b'\\x1b[2J\\xff,1\\n'])"
    piped = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=60, check=True)
    assert piped.stdout == b"a,b\n\x1b[2J\xff,1\n"
    mine, theirs = os.openpty()
    subprocess.run([sys.executable, "-c", code], env=environment, stdout=theirs, timeout=60, check=True)
    shown = os.read(mine, 4096)
    os.close(mine)
    os.close(theirs)
    assert shown.replace(b"\r\n", b"\n") == b"a,b\n\\e[2J\\xff,1\n"


def test_json_for_a_person_is_indented(environment: dict[str, str]) -> None:
    code = "from shopfloor.cli.output import stream; stream.document({'a': '\\x9b\\u202e', 'b': [1]})"
    mine, theirs = os.openpty()
    subprocess.run([sys.executable, "-c", code], env=environment, stdout=theirs, timeout=60, check=True)
    shown = os.read(mine, 4096).decode()
    os.close(mine)
    os.close(theirs)
    assert json.loads(shown) == {"a": "\x9b\u202e", "b": [1]}
    assert len(shown.splitlines()) > 3
    assert shown.isascii()


def test_narration_is_safe_whatever_it_quotes(environment: dict[str, str]) -> None:
    code = "from shopfloor.cli.output import stream; stream.narrate('one\\x1b]0;x\\x07\\ntwo')"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=60, check=True)
    assert done.stderr == b"one\\e]0;x\\x07\ntwo\n"


def test_shell_completion_knows_the_commands(environment: dict[str, str]) -> None:
    asked = {"_SHOPFLOOR_COMPLETE": "bash_complete", "COMP_WORDS": "shopfloor model pro", "COMP_CWORD": "2"}
    done = shopfloor(environment | asked)
    assert "plain,promote" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_ends_with_the_process_that_was_started(
    number: signal.Signals, environment: dict[str, str], tmp_path: Path
) -> None:
    """A signal goes to the one process a script or systemd knows: nobody may go on listening."""
    (tmp_path / "workspace.toml").touch()
    with subprocess.Popen(
        [sys.executable, "-m", "shopfloor", "serve", "--port", "0"],
        env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        said = next(line for line in process.stderr if line.startswith("Serving on "))
        process.send_signal(number)
        assert process.wait(timeout=30) == 0
    with socket.socket() as caller:
        assert caller.connect_ex(("127.0.0.1", int(said.rsplit(":", 1)[1]))) != 0


def test_serve_answers_to_the_names_it_is_given(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "workspace.toml").touch()
    with subprocess.Popen(
        [sys.executable, "-m", "shopfloor", "serve", "--port", "0", "--allow-host", "factory", "--allow-host", "hall"],
        env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        said = next(line for line in process.stderr if line.startswith("Serving on "))
        url = said.split()[-1] + "/health"
        answered = {name: httpx.get(url, headers={"Host": name}).status_code for name in ("factory", "hall", "evil")}
        process.terminate()
        assert process.wait(timeout=30) == 0
    assert answered == {"factory": 200, "hall": 200, "evil": 403}
