from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import msgspec
import pytest
from tests.serving.builders import AT

from shopfloor.domain.errors import IntegrityError, UsageError
from shopfloor.domain.handles import ArtifactFile
from shopfloor.serving.deployment import (
    Deployment,
    deployed_models,
    read_deployment,
    remove_deployment,
    write_deployment,
)


def make(model: str = "churn", version: int = 1) -> Deployment:
    artifact = ArtifactFile(path="/x", sha256="ab" * 32, model=model, version=version)
    return Deployment(model=model, version=version, artifact=artifact, id="customer", updated_at=AT)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_deployment(tmp_path, make("b"))
    write_deployment(tmp_path, make("a", 3))
    assert [read_deployment(tmp_path, name) for name in ("a", "b")] == [make("a", 3), make("b")]
    assert oct((tmp_path / "a.json").stat().st_mode & 0o777) == "0o600"


def test_a_deployment_of_an_earlier_release_declares_no_words(tmp_path: Path) -> None:
    path = write_deployment(tmp_path, msgspec.structs.replace(make(), missing=("kaputt",)))
    assert read_deployment(tmp_path, "churn") == msgspec.structs.replace(make(), missing=("kaputt",))
    earlier = {name: value for name, value in json.loads(path.read_text()).items() if name != "missing"}
    path.write_text(json.dumps(earlier))
    assert read_deployment(tmp_path, "churn") == make()


def test_nothing_but_the_deployment_is_left_behind(tmp_path: Path) -> None:
    for version in range(1, 5):
        write_deployment(tmp_path, make(version=version))
    assert os.listdir(tmp_path) == ["churn.json"]


def test_other_files_are_no_deployments(tmp_path: Path) -> None:
    write_deployment(tmp_path, make())
    for name in (".tokens.json", ".churn.json.tmp", "Bad Name.json", "notes.txt"):
        (tmp_path / name).write_text("[]")
    assert deployed_models(tmp_path) == ("churn",)


def test_removal(tmp_path: Path) -> None:
    write_deployment(tmp_path, make())
    assert remove_deployment(tmp_path, "churn")
    assert not remove_deployment(tmp_path, "churn")
    assert read_deployment(tmp_path, "churn") is None
    assert deployed_models(tmp_path / "absent") == ()


@pytest.mark.parametrize("name", ["../x", "a/b", "", "A", "a\x00", "..", "x" * 65])
def test_a_hostile_name_never_becomes_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        write_deployment(tmp_path, make(name))
    with pytest.raises(UsageError):
        read_deployment(tmp_path, name)


def test_a_damaged_or_foreign_file_is_refused_by_name(tmp_path: Path) -> None:
    path = write_deployment(tmp_path, make())
    path.write_bytes(b'{"model": "churn"')
    with pytest.raises(IntegrityError, match="churn"):
        read_deployment(tmp_path, "churn")
    path.write_bytes(msgspec.json.encode(make("other")))
    with pytest.raises(IntegrityError, match="other"):
        read_deployment(tmp_path, "churn")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    real = write_deployment(tmp_path / "elsewhere", make())
    (tmp_path / "churn.json").symlink_to(real)
    assert read_deployment(tmp_path, "churn") is None


def test_a_reader_sees_one_whole_version(tmp_path: Path) -> None:
    write_deployment(tmp_path, make(version=1))
    stop = threading.Event()
    seen: set[int] = set()

    def read() -> None:
        while not stop.is_set():
            found = read_deployment(tmp_path, "churn")
            assert found is not None
            assert found.artifact.version == found.version
            seen.add(found.version)

    reader = threading.Thread(target=read)
    reader.start()
    for version in range(1, 200):
        write_deployment(tmp_path, make(version=version))
    stop.set()
    reader.join()
    assert len(seen) > 1
