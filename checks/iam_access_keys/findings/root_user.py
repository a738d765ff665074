"""What findings say of the root user if a session of it was to read its keys. Pure."""

from __future__ import annotations

from dataclasses import replace

from ..cloudtrail.evidence import HISTORY
from ..cloudtrail.questions import Questions
from ..facts import MANAGEMENT_ACCOUNT, ROOT_ACCESS_OFF, Keys, RootAccessKeys, RootAudit, Unreadable
from .advice import word_root
from .finding import Verdict
from .wording import comma_and, count_phrase, describe_key, of_report, plural, when

_NO_SESSION = {
    MANAGEMENT_ACCOUNT: "AWS gives none for the management account",
    ROOT_ACCESS_OFF: "the organization's centralized root access is off",
}


def fail_root(root: RootAccessKeys, keys: Keys) -> Verdict:
    """FAIL for these keys of the root user, which a session of it listed."""
    active = tuple(key for key in keys if key.active)
    inactive = tuple(key for key in keys if not key.active)
    states = [pair for pair in (("active", active), ("inactive", inactive)) if pair[1]]
    has = " and ".join(count_phrase(len(some), state) for state, some in states)
    listed = " ".join(
        f"{state.capitalize()}: {comma_and(describe_key(key, root.now) for key in some)}."
        for state, some in states
    )
    it = "it" if len(inactive) == 1 else "them"
    what = word_root(root.arn, len(active)) if active else (
        f"Once you are sure that nothing needs {it}, delete {it}; that cannot be undone. Signing "
        f"in as the root user is enough to reactivate {it}."
    )  # fmt: skip
    sentence = f"The root user has {has}. {what} {_word_other_credentials(root.audit)}{listed}"
    young = tuple(key for key in keys if root.now - key.create_date < HISTORY)
    ask = Questions(active, young, (), True)
    severity = "" if active else "low"
    return Verdict("FAIL", sentence, len(active), keys, ask=ask, severity=severity)


def fail_root_by_report(root: RootAccessKeys, active: int) -> Verdict:
    """FAIL for so many active keys of the root user, which a credential report counts."""
    keys = count_phrase(active)
    has = (
        f"has {keys}" if root.report_is_fresh else f"had {keys} when AWS made the credential report"
    )
    used = f"Last used {when(root.last_used, root.now)}" if root.last_used else "No use recorded"
    what = word_root(root.arn, active)
    return Verdict("FAIL", f"The root user {has}. {what} {used}{of_report(root)}.", active)


def with_audit(verdict: Verdict, root: RootAccessKeys) -> Verdict:
    """The same verdict, with what a session of the root user read as data, or why it did not."""
    audit = root.audit
    if audit is None:
        return verdict
    if not isinstance(audit.keys, Unreadable):
        more = replace(
            verdict.more, console_password=audit.password is True, mfa_devices=audit.mfa_devices,
            signing_certificates=audit.signing_certificates,
            root_session_date=audit.date.isoformat(),
        )  # fmt: skip
        return replace(verdict, more=more)
    verdict = replace(verdict, more=replace(verdict.more, root_session_unreadable=audit.keys))
    if root.present is False:  # which is as exact
        return verdict
    why = _NO_SESSION.get(audit.keys.error_code, audit.keys)
    sentence = f"{verdict.sentence} No session of the root user could list its keys: {why}."
    return replace(verdict, sentence=sentence)


def _word_other_credentials(audit: RootAudit | None) -> str:
    """What else the root user has, as far as that was read."""
    if audit is None:
        return ""
    counts = {"MFA device": audit.mfa_devices, "signing certificate": audit.signing_certificates}
    other = [] if audit.password is None else ["a password" if audit.password else "no password"]
    other += [plural(number, thing, "no") for thing, number in counts.items() if number is not None]
    return f"The root user also has {comma_and(other)}. " if other else ""
