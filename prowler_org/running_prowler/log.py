"""What Prowler's log says. Prowler has no exit codes or reports for this.

People in a scanned account choose words that stand in the log: names, tags, descriptions. So only
whole entries of Prowler's logger count, and of an entry only its module and the code of its error,
at the places where Prowler and botocore write them. tests/test_prowler_internals.py tests that.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from botocore import exceptions

from prowler_access_keys.ranking.outputs.printing import printable

LOG_FILE = "prowler.log"
"""The file in an account's folder with what Prowler printed."""
NO_FINDINGS = "There are no findings in "
"""What Prowler prints if an account has no findings. It writes no CSV then."""
LONGEST_END = 20_000
"""Bytes at the end of a log that are searched for why Prowler ended."""
LONGEST_LINE = 100_000
"""Characters that are read at a time: a line may have any length."""
LONGEST_REASON = 300
"""The most characters of a message of Prowler's that a reason quotes."""
REDACTED = "REDACTED"

_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_ENTRY = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \[File: [\w.-]+:\d+\] \t\[Module: (\w+)\]\t "
    r"([A-Z]+): (.*)",
    re.DOTALL,
)
"""A line of Prowler's logger: the module, the level, and the message."""
_CAUSE = re.compile(r"(?:\S+ -- )?(\w+)(?: -- )?(?:\[\d+\]|:\d+)(?::| --) ?(.*)", re.DOTALL)
"""A message about an exception: the name of its class, and what it says."""
_AROUND = re.compile(
    r"(?:\w+\[\d+\]: [\w ]+ - )*(?:Failed to upload .+? to \S+: (?=An error occurred))?"
)
"""What Prowler's exceptions, and boto3's of an upload, put before what has caused them."""
_CALL = re.compile(
    r"An error occurred \((\w+)\) when calling the (\w+) operation"
    r"(?: \(reached max retries: \d+\))?: ?(.*)",
    re.DOTALL,
)
"""How botocore's ClientError puts it: the code, the operation, and the sentence of AWS."""
_OUR_CALL = re.compile(r"\S+ -- [\w-]+:(\w+) failed with (\w+)")
"""How the checks of this plug-in put it."""
_NETWORK = re.compile("ConnectTimeoutError|EndpointConnectionError|ProxyConnectionError|SSLError")
THROTTLED = re.compile(r"\w*(?:Throttl|TooManyRequests|RequestLimitExceeded|SlowDown)\w*")
"""Codes with which AWS asks for fewer calls."""
TRANSIENT = re.compile(
    rf"{THROTTLED.pattern}|{_NETWORK.pattern}|ConnectionClosedError|ReadTimeoutError"
    r"|(?:ServiceUnavailable|ServiceFailure|Internal|RequestTimeout)\w*"
    r"|CredentialRetrievalError|MetadataRetrievalError"
)
"""Codes of errors that another attempt may not meet."""
_EXPIRED = re.compile(
    "ExpiredToken(?:Exception)?|RequestExpired|UnauthorizedSSOTokenError"
    "|RefreshWithMFAUnsupportedError"
)
OF_MACHINE = re.compile(
    rf"{_NETWORK.pattern}|{_EXPIRED.pattern}|InvalidClientTokenId|UnrecognizedClientException"
    "|SignatureDoesNotMatch|NoCredentialsError|PartialCredentialsError|CredentialRetrievalError"
    "|MetadataRetrievalError|ProfileNotFound|SSOTokenLoadError|TokenRetrievalError"
)
"""Codes of the machine's errors, which other accounts would meet too."""
_BEGINNINGS = {
    kind.fmt.split("{")[0]: name
    for name, kind in vars(exceptions).items()
    if TRANSIENT.fullmatch(name) or OF_MACHINE.fullmatch(name)
}
"""How the sentences of botocore's exceptions begin. Prowler does not always name the class."""
_SIGN_IN = ("aws_provider", "provider")
"""The modules of Prowler that sign in, before anything of an account is read."""
_CRASHED = re.compile(r"Check '(\w+)' was not found for the |(\w+) --? \w+\[\d+\]: ")
"""What the module ``check`` logs about a check that it could not import, and one that raised."""
_WENT_WRONG = re.compile(r"Something went wrong in (\w+), please use --log-level ERROR$")
_NOT_SENT = re.compile(r"Skipping findings in region ")
_OFF_IN_A_REGION = ("DescribeHub", "ListEnabledProductsForImport")
"""Calls of Security Hub that fail where it is off, which counts only if there are findings."""
_SERVICES = {"s3": "S3", "security_hub": "Security Hub"}
_KEY_ID = re.compile(r"A[KS]IA[A-Z0-9]{12,}")
_TOKEN = re.compile(r"[A-Za-z0-9+/=]{40,}")


@dataclass(frozen=True)
class FailedCall:
    """A call to AWS that failed: ``AssumeRole``, ``AccessDenied``, and the sentence of AWS."""

    operation: str
    code: str
    sentence: str = ""


@dataclass(frozen=True)
class Entry:
    """An entry of Prowler's log."""

    module: str
    level: str
    message: str

    @property
    def call(self) -> FailedCall | None:
        """The call to AWS that it says has failed."""
        if match := _OUR_CALL.match(self.message):
            return FailedCall(match[1], match[2])
        return failed_call(self._cause[1])

    @property
    def code(self) -> str:
        """The code of AWS, or else the class of the exception. Empty without either."""
        if call := self.call:
            return call.code
        name, text = self._cause
        wrapped = [kind for beginning, kind in _BEGINNINGS.items() if text.startswith(beginning)]
        return wrapped[0] if wrapped else name

    def fails_to_sign_in_with(self, codes: re.Pattern[str]) -> bool:
        """Whether Prowler could not sign in, with one of these codes."""
        return self.module in _SIGN_IN and bool(codes.fullmatch(self.code))

    @property
    def _cause(self) -> tuple[str, str]:
        """The class of the exception, and what has caused it."""
        if not (match := _CAUSE.match(self.message)):
            return "", self.message
        return match[1], _AROUND.sub("", match[2], count=1)


def failed_call(message: str) -> FailedCall | None:
    """The call to AWS that the message of an exception says has failed."""
    match = _CALL.match(_AROUND.sub("", message, count=1))
    return FailedCall(match[2], match[1], match[3]) if match else None


def entry_of(line: str) -> Entry | None:
    """The entry of Prowler's log that a line is."""
    match = _ENTRY.match(_COLOR.sub("", line).rstrip())
    return Entry(*match.groups()) if match else None


def critical_entries(printed: str) -> list[Entry]:
    """The entries that Prowler's log calls critical, in their order."""
    entries = map(entry_of, printed.split("\n"))
    return [entry for entry in entries if entry and entry.level == "CRITICAL"]


def last_line(printed: str) -> str:
    """The last line that is not empty. Empty if Prowler printed nothing."""
    return next(filter(None, reversed(_lines(printed))), "")


def says_that_there_are_none(printed: str) -> bool:
    """Whether Prowler says that an account has no findings."""
    return any(line.startswith(NO_FINDINGS) for line in _lines(printed))


def _lines(printed: str) -> list[str]:
    """The lines of what Prowler printed, without colors. Only a line feed ends one."""
    return [_COLOR.sub("", line).strip() for line in printed.split("\n")]


def quote(text: str, secrets: Collection[str] = ()) -> str:
    """A text for a reason: one line of bounded length, printable, without secrets and keys."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    line = printable(" ".join(text.split()))
    line = _TOKEN.sub(REDACTED, _KEY_ID.sub(REDACTED, line))
    return line if len(line) <= LONGEST_REASON else f"{line[:LONGEST_REASON]}…"


@dataclass(frozen=True)
class Logged:
    """What a log says about a scan that has come to its end."""

    crashed: tuple[str, ...] = ()
    """The checks that crashed, by name. Prowler goes on without their findings."""
    expired: bool = False
    """Whether the credentials expired. Prowler goes on, and finds less or nothing."""
    undelivered: tuple[str, ...] = ()
    """What could not be sent to S3 or Security Hub, in sentences."""


def read_log(log: Path) -> Logged:
    """What a log says. Raises OSError."""
    crashed: set[str] = set()
    undelivered: dict[str, str] = {}
    expired = False
    # Only \n ends a line: other ends of lines may stand in names and descriptions.
    with log.open(encoding="utf-8", errors="replace", newline="\n") as file:
        begins = True
        while line := file.readline(LONGEST_LINE):
            entry = entry_of(line) if begins else None
            if begins and (match := _WENT_WRONG.match(line.strip())):
                crashed.add(match[1])
            begins = line.endswith("\n")
            if entry is None:
                continue
            if entry.module == "check" and (match := _CRASHED.match(entry.message)):
                crashed.add(match[1] or match[2])
            if entry.module in _SERVICES and _is_undelivered(entry):
                undelivered.setdefault(entry.module, _describe_undelivered(entry))
            failed = entry.level in ("ERROR", "CRITICAL")
            expired = expired or (failed and bool(_EXPIRED.fullmatch(entry.code)))
    return Logged(tuple(sorted(crashed)), expired, tuple(undelivered.values()))


def _is_undelivered(entry: Entry) -> bool:
    if entry.level == "WARNING":
        return entry.module == "security_hub" and bool(_NOT_SENT.match(entry.message))
    is_off = entry.call is not None and entry.call.operation in _OFF_IN_A_REGION
    return not is_off and entry.level in ("ERROR", "CRITICAL")


def _describe_undelivered(entry: Entry) -> str:
    call = entry.call
    why = f"{call.operation} failed with {call.code}" if call else entry.message.rstrip(".")
    return f"Not delivered to {_SERVICES[entry.module]}: {quote(why)}."


def end_of(log: Path) -> str:
    """The end of a log, which says why Prowler ended. Raises OSError."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LONGEST_END))
        return file.read().decode("utf-8", "replace")
