"""What can be done about an alert, as commands: one text for the command line and `why`."""

from __future__ import annotations

from shopfloor.domain.monitor import AlertRecord, AlertState

DELIVERY = "delivery"
"""Where an alert's evidence keeps the delivery that it is about: `dataset`, `version` and `files`."""
SOURCES, ACTUALS = "sources", "actuals"
"""Where it keeps what its rows are: `data` (delivered), `inference` (predictions), `actuals` (of predictions)."""
_COMMANDS = {
    "retrain": "shopfloor model train {subject}",
    "ack": "shopfloor alert ack {id}",
    "snooze": "shopfloor alert snooze {id} --until 1d",
    "resolve": "shopfloor alert resolve {id}",
    "rollback": "shopfloor model rollback {subject}",
    "approve": "shopfloor model approve {subject}",
}

_NAMED = 3


def commands(alert: AlertRecord) -> tuple[str, ...]:
    """The alert's own actions, the best first; none once it is resolved."""
    if alert.state is AlertState.RESOLVED:
        return ()
    about = alert.evidence.get(DELIVERY) or {}
    ref, files = f"{about.get('dataset')}@{about.get('version')}", about.get("files") or ()
    found: list[str] = []
    for one in alert.actions:
        if one == "withdraw":
            found += [f"shopfloor file withdraw {file}" for file in files[:_NAMED]]
        elif one == "trust":
            found += [f"shopfloor dataset trust {ref}"] if about else []
        else:
            found.append(_COMMANDS[one].format(subject=alert.subject, id=alert.id) if one in _COMMANDS else one)
    return tuple(found)
