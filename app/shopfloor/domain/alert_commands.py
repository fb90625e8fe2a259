"""What can be done about an alert, as commands: one text for the command line and `why`."""

from __future__ import annotations

from shopfloor.domain.monitor import AlertRecord, AlertState

_COMMANDS = {
    "retrain": "shopfloor model train {subject}",
    "ack": "shopfloor alert ack {id}",
    "snooze": "shopfloor alert snooze {id} --until 1d",
    "resolve": "shopfloor alert resolve {id}",
    "rollback": "shopfloor model rollback {subject}",
    "approve": "shopfloor model approve {subject}",
}


def commands(alert: AlertRecord) -> tuple[str, ...]:
    """The alert's own actions, the best first; none once it is resolved."""
    if alert.state is AlertState.RESOLVED:
        return ()
    return tuple(
        _COMMANDS[one].format(subject=alert.subject, id=alert.id) if one in _COMMANDS else one for one in alert.actions
    )
