"""The demo's steps; all that it prints comes from the engine's answers."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from shopfloor.client.deliver import deliver
from shopfloor.client.demo import months
from shopfloor.client.demo.endpoint import Endpoint, has_loopback
from shopfloor.client.serve import token_create
from shopfloor.client.setup import config_set, init_workspace
from shopfloor.client.start import allow_start, connect, engine_running
from shopfloor.domain.definition import ModelDefinition, Release, ReleasePolicy, Value
from shopfloor.domain.errors import RefusedError, ShopfloorError
from shopfloor.domain.numbers import count, duration, figure, money
from shopfloor.domain.release import ModelVersion
from shopfloor.domain.requests.alerts import AlertList
from shopfloor.domain.requests.datasets import DatasetContract, DatasetVersionShow
from shopfloor.domain.requests.files import FileList
from shopfloor.domain.requests.models import ModelApprove, ModelDefine, ModelShow, ModelVersions, ValueShow
from shopfloor.domain.requests.workspace import AwaitIdle, Shutdown, StatusShow
from shopfloor.domain.text import safe

Narrate = Callable[[str], None]
_MARKER = "demo.json"
_BROKEN_MONTH = 6
_APPROVAL_FROM = 8
_ACTUALS_LAG = 2


def prepare(directory: Path) -> Path:
    """An empty demo workspace; an earlier demo at the same place is replaced, anything else refused."""
    if directory.exists() and any(directory.iterdir()):
        if not (directory / ".shopfloor" / _MARKER).exists():
            raise RefusedError(
                f"{directory} exists and is not a demo workspace.",
                hint="Name another folder: shopfloor demo DIR",
                code="exists",
            )
        if engine_running(directory):
            with connect(directory, start=False) as client:
                client.ask(Shutdown())
            while engine_running(directory):
                time.sleep(0.05)
        shutil.rmtree(directory)
    workspace = init_workspace(directory, "demo")
    marker = workspace / ".shopfloor" / _MARKER
    marker.write_text(json.dumps({"made_by": "shopfloor demo"}), encoding="utf-8")
    marker.chmod(0o600)
    config_set(workspace, "intake.settle_seconds", "0.3")
    config_set(workspace, "intake.scan_seconds", "2.0")
    return workspace


def definition(policy: ReleasePolicy) -> ModelDefinition:
    """Will a flight arrive late? A warning that comes true saves 40 USD, a needless one costs 15."""
    return ModelDefinition(
        name=months.MODEL,
        dataset=months.DATASET,
        target=months.TARGET,
        positive="yes",
        time=months.TIME,
        exclude=(months.KEY,),
        release=Release(policy=policy),
        value=Value(unit="USD", true_positive=40.0, false_positive=-15.0, threshold=0.3),
    )


def run_demo(directory: Path, narrate: Narrate, *, keep: bool = False) -> int:
    """Build the workspace and play the year; 0 when every station did its work.

    With `keep` the engine stays, for the terminal face; else it is stopped at the end.
    """
    begun = time.monotonic()
    workspace = prepare(directory)
    narrate(f"Created workspace {workspace}")
    script = DemoScript(workspace, narrate)
    try:
        script.run(approve=not keep)
        narrate(f"\nDone in {duration(time.monotonic() - begun)}. Explore it: shopfloor -w {workspace}")
    finally:
        script.close(keep=keep)
    return 0


class DemoScript:
    """One demo in progress: the workspace, its engine, and the newest version printed."""

    def __init__(self, workspace: Path, narrate: Narrate) -> None:
        self._workspace = workspace
        self._narrate = narrate
        self._client = connect(workspace)
        self._scratch = workspace / ".shopfloor" / "staging" / "sdk-demo"
        self._scratch.mkdir(exist_ok=True)
        self._shown_version = 0

    def run(self, *, approve: bool) -> None:
        """The whole year. Without `approve`, what waits for approval at its end is left to the person at the screen."""
        self._first_month()
        for month in range(2, 13):
            self._month(month)
        self._same_again()
        if approve:
            self._approve()
        self._endpoint()
        self._accounts()

    def close(self, *, keep: bool) -> None:
        """Remove scratch files; stop the engine unless it is kept for the screens."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        if not keep:
            self._client.ask(Shutdown())
            allow_start(self._workspace)  # the next who opens it wants an engine
        self._client.close()

    def _first_month(self) -> None:
        self._heading("January: the first file")
        self._deliver(months.delivery(1), f"inbox/{months.DATASET}")
        contract = self._client.ask(DatasetContract(name=months.DATASET))
        kinds = ", ".join(f"{column.name} {column.type}" for column in contract.columns[:5])
        self._line(
            f"contract inferred and pinned in datasets/{months.DATASET}.toml: "
            f"{len(contract.columns)} columns ({kinds}, …)"
        )
        self._heading(f"A model: {months.MODEL} predicts {months.TARGET}")
        self._client.ask(ModelDefine(definition=definition(ReleasePolicy.AUTO), actor="demo"))
        self._settle()
        self._narrate_versions()

    def _month(self, month: int) -> None:
        self._heading(months.NAMES[month - 1])
        self._deliver(months.schedule(month, self._scratch), f"score/{months.MODEL}")
        if month == _APPROVAL_FROM:
            self._client.ask(ModelDefine(definition=definition(ReleasePolicy.APPROVAL), train=False, actor="demo"))
            self._line("from now on each promotion needs approval (release policy: approval)")
        if month == _BROKEN_MONTH:
            self._broken()
        self._deliver(months.delivery(month), f"inbox/{months.DATASET}")
        if month > _ACTUALS_LAG:
            late = month - _ACTUALS_LAG
            if late >= 2:
                self._deliver(months.outcomes(late, self._scratch), f"actuals/{months.MODEL}")
                self._live(late)
        self._narrate_versions()
        self._alerts()

    def _broken(self) -> None:
        self._deliver(months.broken_delivery(), f"inbox/{months.DATASET}")
        held = self._client.ask(FileList(dataset=months.DATASET, state="quarantined", limit=1)).rows
        if held and held[0].reason is not None:
            reason = held[0].reason
            self._line(
                f"{safe(Path(held[0].path).name)} is quarantined: {safe(reason.message)} "
                f"(line {reason.line}, column {reason.column})"
            )

    def _deliver(self, file: Path, folder: str) -> None:
        deliver(self._workspace, [file], folder)
        begun = time.monotonic()
        self._settle()
        self._line(f"{file.name} delivered to {folder}/, processed in {duration(time.monotonic() - begun)}")
        if folder.startswith("inbox"):
            version = self._client.ask(DatasetVersionShow(ref=months.DATASET)) if self._has_version() else None
            if version is not None:
                self._line(f"{version.dataset}@{version.version}: {count(version.rows)} rows")

    def _has_version(self) -> bool:
        return self._client.ask(StatusShow()).files.committed > 0

    def _settle(self) -> None:
        for _ in range(60):
            if self._client.ask(AwaitIdle(wait_s=5.0), timeout=60.0).idle:
                return
        raise ShopfloorError("The demo's jobs did not finish within five minutes.", hint="See: shopfloor job list")

    def _narrate_versions(self) -> None:
        versions = self._client.ask(ModelVersions(name=months.MODEL)).rows
        for version in sorted(versions, key=lambda found: found.version):
            if version.version > self._shown_version:
                self._narrate_version(version)
                self._shown_version = version.version

    def _narrate_version(self, version: ModelVersion) -> None:
        decision = version.decision
        if decision is not None:
            score = "" if version.score is None else f" ({decision.metric} {figure(version.score)})"
            outcome = decision.outcome.value.upper()
            self._line(f"{version.model}@{version.version}{score}: {outcome} — {decision.reason}")

    def _approve(self) -> None:
        model = self._client.ask(ModelShow(name=months.MODEL))
        if model.awaiting_approval is not None:
            self._heading("A challenger awaits approval")
            version = self._client.ask(
                ModelApprove(ref=f"{months.MODEL}@{model.awaiting_approval}", reason="evidence reviewed", actor="demo")
            )
            self._line(f"{version.model}@{version.version} approved by demo, now serving")

    def _live(self, month: int) -> None:
        model = self._client.ask(ModelShow(name=months.MODEL))
        if model.live_score is not None:
            self._line(
                f"actuals for {months.NAMES[month - 1]} arrived: "
                f"{model.metric} {figure(model.live_score)} on {count(model.live_rows)} "
                "logged predictions"
            )

    def _alerts(self) -> None:
        for alert in self._client.ask(AlertList(state="open")).rows:
            self._line(f"alert {alert.id} ({alert.severity}, ×{alert.count}): {safe(alert.message)}")

    def _same_again(self) -> None:
        self._heading("The same twelve files again")
        before = self._client.ask(StatusShow()).files.duplicate
        deliver(self._workspace, [months.delivery(month) for month in range(1, 13)], f"inbox/{months.DATASET}")
        self._settle()
        version = self._client.ask(DatasetVersionShow(ref=months.DATASET))
        added = self._client.ask(StatusShow()).files.duplicate - before
        self._line(
            f"{added} duplicates recorded, nothing added: "
            f"still {version.dataset}@{version.version}, {count(version.rows)} rows"
        )

    def _endpoint(self) -> None:
        self._heading("Prediction as a service")
        if not has_loopback():
            self._line("skipped: this machine has no loopback interface to call the endpoint")
            return
        token = token_create(self._workspace, f"demo-{time.time_ns()}")
        endpoint = Endpoint(self._workspace)
        try:
            row = months.one_flight(12, self._client.ask(DatasetContract(name=months.DATASET)))
            answer = endpoint.predict(months.MODEL, token, row)
            self._line(f"POST {endpoint.url}/v1/models/{months.MODEL}/predict  {row[months.ASSOCIATION]}")
            self._line(f"  {json.dumps(answer.get('predictions', answer))}")
        finally:
            endpoint.stop()
        self._settle()

    def _accounts(self) -> None:
        self._heading("The year")
        status = self._client.ask(StatusShow())
        files = status.files
        self._line(
            f"{files.seen} files seen = {files.committed} committed "
            f"+ {files.duplicate} duplicate + {files.quarantined} quarantined "
            f"+ {files.refused} refused + {files.waiting} waiting"
        )
        lead = status.factory.lead_time_s
        model = self._client.ask(ModelShow(name=months.MODEL))
        self._line(
            f"{model.versions} versions, {status.factory.deployments_30d} deployments, champion v{model.champion}; "
            f"{count(model.predictions)} predictions logged"
            + ("" if lead is None else f"; lead time {duration(lead)} from file to champion")
        )
        if model.awaiting_approval is not None:
            self._line(
                f"{model.name}@{model.awaiting_approval} awaits your approval: shopfloor model approve {model.name}"
            )
        value = self._client.ask(ValueShow(model=months.MODEL), timeout=120.0)
        self._line(
            f"realised value {money(value.total, value.unit)} on {count(value.rows)} flights"
            + (f" (constant prediction: {money(value.baseline, value.unit)})" if value.baseline is not None else "")
        )

    def _heading(self, text: str) -> None:
        self._narrate(f"\n{text}")

    def _line(self, text: str) -> None:
        self._narrate(f"  {text}")
