"""What a disk does to stored bytes: nobody is given them, people hear what depends on them, and it is mended."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.line.factory import Factory

from shopfloor.workspace.layout import Layout

ROWS = 400


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(bytes(data))


def _csv(seed: int) -> str:
    drawn = random.Random(seed)
    rows = []
    for number in range(ROWS):
        x = drawn.gauss(0, 1)
        rows.append(f"{seed}-{number},{x:.4f},{drawn.gauss(0, 1):.4f},{'yes' if x + drawn.gauss(0, 1) > 0 else 'no'}")
    return "\n".join(["id,x,noise,bought", *rows]) + "\n"


@pytest.fixture(scope="module")
def wear(opened: Factory) -> Factory:
    """A dataset of one file, and a model of it with one version."""
    assert opened.add("wear", opened.write("wear.csv", _csv(1)), ROWS)["state"] == "committed"
    opened(
        "model", "define", "worn", "--dataset", "wear", "--target", "bought", "--id", "id", "--positive", "yes",
        "--candidates", "linear", "--seed", "3", "--release", "manual",
    )  # fmt: skip
    opened.wait()
    assert opened.json("model", "show", "worn")["versions"] == 1
    return opened


def _open_alerts(factory: Factory, subject: str) -> list[str]:
    found = factory.json("alert", "list", "--state", "open")
    return [alert["message"] for alert in found if (alert["subject"], alert["check"]) == (subject, "integrity")]


def test_a_flipped_bit_in_a_part_is_refused_told_and_mended_from_the_archive(wear: Factory) -> None:
    (part,) = wear.json("dataset", "show", "wear@1")["parts"]
    path = Layout(wear.root).objects / "parts" / part["sha256"][:2] / f"{part['sha256']}.parquet"
    whole = path.read_bytes()
    _flip(path)
    for words in (("dataset", "preview", "wear"), ("sql", "SELECT count(*) FROM wear")):
        refused = wear(*words, expect=1).stderr
        assert f"part {part['sha256'][:12]}" in refused
        assert "wear@1 and later" in refused
        assert "worn@1" in refused
        assert "shopfloor doctor --repair" in refused
    wear("sql", "SELECT count(*) FROM files")  # other questions go on
    assert [part["sha256"][:12] in message for message in _open_alerts(wear, "wear")] == [True]

    job = wear.json("model", "train", "worn")
    wear("wait", "--timeout", "60", expect=None)
    failed = wear.json("job", "show", job["id"])
    assert failed["state"] == "failed"
    assert part["sha256"][:12] in failed["error"]

    report = wear.json("doctor", "--deep", expect=1)
    assert [each["object"] for each in report["damaged"]] == [{"kind": "part", "sha256": part["sha256"]}]
    assert len(_open_alerts(wear, "wear")) == 1

    wear("doctor", "--repair")
    assert path.read_bytes() == whole
    assert _open_alerts(wear, "wear") == []
    wear("dataset", "preview", "wear")
    assert wear.json("doctor", "--deep")["damaged"] == []


def test_no_alias_moves_to_a_changed_artifact_until_it_is_trained_again(wear: Factory) -> None:
    version = wear.json("model", "versions", "worn")[0]
    sha256 = version["artifact"]["sha256"]
    folder = Layout(wear.root).objects / "artifacts" / sha256[:2] / sha256
    _flip(folder / "model.joblib")
    refused = wear("model", "promote", "worn@1", "--reason", "needed", expect=5).stderr
    assert sha256[:12] in refused
    assert "shopfloor model train worn" in refused
    assert wear.json("model", "show", "worn")["champion"] is None
    assert len(_open_alerts(wear, "worn")) == 1

    wear("model", "train", "worn")
    wear.wait()
    wear("doctor", "--deep")
    assert _open_alerts(wear, "worn") == []
    wear("model", "promote", "worn@1", "--reason", "needed")
    assert wear.json("model", "show", "worn")["champion"] == 1
