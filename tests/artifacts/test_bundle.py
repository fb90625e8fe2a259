"""Artifacts: the bytes that were signed, or nothing."""

from __future__ import annotations

import os
import pickle
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopfloor.artifacts import bundle
from shopfloor.artifacts.manifest import FORMAT, ArtifactManifest
from shopfloor.domain.errors import IntegrityError
from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.run import ArtifactRef

KEY = b"k" * 32
MODEL = {"weights": [1.0, 2.0], "name": "late"}


class Bomb:
    """Unpickling one of these is the accident that the signature must prevent."""

    exploded = False

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (_explode, ())


def _explode() -> None:
    Bomb.exploded = True


def published(tmp_path: Path, manifest: ArtifactManifest, model: object = MODEL, name: str = "one") -> ArtifactFile:
    staged = tmp_path / "staging" / name
    ref = bundle.stage(model, manifest, staged, KEY, {"reference.json": b'{"bins": 3}'})
    path = bundle.publish(staged, tmp_path / "objects")
    return ArtifactFile(path=str(path), sha256=ref.sha256, model=manifest.model, version=1)


def rewrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def test_round_trip(tmp_path: Path, manifest: ArtifactManifest) -> None:
    file = published(tmp_path, manifest)
    assert bundle.load(file, KEY) == MODEL
    path = Path(file.path)
    assert path == tmp_path / "objects" / "artifacts" / file.sha256[:2] / file.sha256
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in path.iterdir()} == {0o444}
    read = bundle.read_manifest(path, KEY)
    assert set(read.files) == {"model.joblib", "reference.json"}
    assert msgspec.structs.replace(read, files={}) == manifest


def test_the_reference_names_the_model_bytes(tmp_path: Path, manifest: ArtifactManifest) -> None:
    first = bundle.stage(MODEL, manifest, tmp_path / "a", KEY)
    later = msgspec.structs.replace(manifest, run="r2")
    assert bundle.stage(MODEL, later, tmp_path / "b", KEY) == first
    assert isinstance(first, ArtifactRef)
    assert first.bytes == (tmp_path / "a" / "model.joblib").stat().st_size


def test_publishing_twice_keeps_the_first(tmp_path: Path, manifest: ArtifactManifest) -> None:
    file = published(tmp_path, manifest)
    again = published(tmp_path, msgspec.structs.replace(manifest, run="r2"), name="two")
    assert again == file
    assert bundle.read_manifest(Path(file.path), KEY).run == "r1"
    assert os.listdir(tmp_path / "staging") == []


def test_publishing_replaces_a_damaged_directory(tmp_path: Path, manifest: ArtifactManifest) -> None:
    file = published(tmp_path, manifest)
    rewrite(Path(file.path) / "model.joblib", b"rot")
    assert bundle.load(published(tmp_path, manifest, name="two"), KEY) == MODEL
    names = os.listdir(Path(file.path).parent)
    assert len(names) == 2
    assert any(".damaged-" in name for name in names)


def test_publishing_half_an_artifact_is_refused(tmp_path: Path, manifest: ArtifactManifest) -> None:
    bundle.stage(MODEL, manifest, tmp_path / "half", KEY, {"reference.json": b"{}"})
    (tmp_path / "half" / "reference.json").unlink()
    with pytest.raises(IntegrityError, match="incomplete"):
        bundle.publish(tmp_path / "half", tmp_path / "objects")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_refused(tmp_path: Path, manifest: ArtifactManifest, data: st.DataObject) -> None:
    name = f"w{len(os.listdir(tmp_path))}"
    file = published(tmp_path / name, manifest, Bomb())
    victim = data.draw(st.sampled_from(sorted(Path(file.path).iterdir())))
    content = bytearray(victim.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    rewrite(victim, bytes(content))
    with pytest.raises(IntegrityError):
        bundle.load(file, KEY)
    assert not Bomb.exploded


def test_a_swapped_pickle_is_never_opened(tmp_path: Path, manifest: ArtifactManifest) -> None:
    file = published(tmp_path, manifest)
    rewrite(Path(file.path) / "model.joblib", pickle.dumps(Bomb()))
    with pytest.raises(IntegrityError, match="was changed"):
        bundle.load(file, KEY)
    assert not Bomb.exploded


def test_an_older_signed_model_under_another_digest_is_refused(tmp_path: Path, manifest: ArtifactManifest) -> None:
    old = published(tmp_path, manifest, Bomb(), "old")
    new = published(tmp_path, manifest, MODEL, "new")
    for entry in Path(old.path).iterdir():
        rewrite(Path(new.path) / entry.name, entry.read_bytes())
    with pytest.raises(IntegrityError, match="another one"):
        bundle.load(new, KEY)
    assert not Bomb.exploded


def test_another_models_artifact_is_refused(tmp_path: Path, manifest: ArtifactManifest) -> None:
    file = published(tmp_path, manifest, Bomb())
    with pytest.raises(IntegrityError, match="belongs to model late"):
        bundle.load(msgspec.structs.replace(file, model="churn"), KEY)
    assert not Bomb.exploded


def test_a_swapped_manifest_is_refused(tmp_path: Path, manifest: ArtifactManifest) -> None:
    file = published(tmp_path, manifest, Bomb(), "one")
    other = published(tmp_path, manifest, MODEL, "two")
    rewrite(Path(file.path) / "manifest.json", (Path(other.path) / "manifest.json").read_bytes())
    with pytest.raises(IntegrityError):
        bundle.load(file, KEY)
    assert not Bomb.exploded


def test_another_workspaces_key_is_named_as_the_cause(tmp_path: Path, manifest: ArtifactManifest) -> None:
    file = published(tmp_path, manifest)
    with pytest.raises(IntegrityError, match="another workspace's key"):
        bundle.load(file, b"x" * 32)


def test_earlier_formats_are_read_and_later_ones_refused(tmp_path: Path, manifest: ArtifactManifest) -> None:
    file = published(tmp_path, msgspec.structs.replace(manifest, format=1))
    assert bundle.load(file, KEY) == MODEL
    later = published(tmp_path, msgspec.structs.replace(manifest, format=FORMAT + 1), [1.0], "later")
    with pytest.raises(IntegrityError, match="a later version of Shopfloor made it"):
        bundle.load(later, KEY)


@pytest.mark.parametrize("name", ["model.joblib", "reference.json", "manifest.json"])
def test_a_missing_or_linked_file_is_refused(tmp_path: Path, manifest: ArtifactManifest, name: str) -> None:
    file = published(tmp_path, manifest, Bomb())
    victim = Path(file.path) / name
    kept = tmp_path / "kept"
    kept.write_bytes(victim.read_bytes())
    victim.unlink()
    with pytest.raises(IntegrityError, match="cannot be opened"):
        bundle.load(file, KEY)
    victim.symlink_to(kept)
    with pytest.raises(IntegrityError, match="cannot be opened"):
        bundle.load(file, KEY)
    assert not Bomb.exploded


@pytest.mark.parametrize("name", ["../up", "manifest.json", "model.joblib", "a/b", ""])
def test_further_files_have_plain_names(tmp_path: Path, manifest: ArtifactManifest, name: str) -> None:
    with pytest.raises(ValueError, match="plain file name"):
        bundle.stage(MODEL, manifest, tmp_path / "x", KEY, {name: b""})


def test_bundles_and_keys_load_no_heavy_library() -> None:
    code = (
        "import sys, shopfloor.artifacts.bundle, shopfloor.artifacts.key, shopfloor.artifacts.signing\n"
        "print([m for m in ('pandas', 'sklearn', 'scipy', 'numpy', 'joblib', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
