"""Once installed, everything works with the network gone, down to a namespace without interfaces."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.engine.test_engine import rows

_UNSHARE = [shutil.which("unshare") or "unshare", "--user", "--map-root-user", "--net"]


def _may_unshare() -> bool:
    try:
        return subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not _may_unshare(), reason="this machine forbids network namespaces")
def test_the_line_runs_without_any_network_interface(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text(rows(0, 900))
    (tmp_path / "new.csv").write_text(rows(900, 20))
    shop = f"{sys.executable} -m shopfloor"
    script = f"""
        set -e
        {shop} init w
        cd w
        {shop} config set intake.settle_seconds 0.2
        {shop} add ../one.csv --dataset d
        {shop} wait --timeout 60
        {shop} model define m --dataset d --target y --id id
        {shop} wait --timeout 90
        {shop} predict m ../new.csv -o ../out.csv
        {shop} model show m --json > ../model.json
        {shop} down
    """
    done = subprocess.run(
        [*_UNSHARE, "bash", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "app")},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "model.json").read_text())["champion"] == 1
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 21
