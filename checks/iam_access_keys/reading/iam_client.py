"""How IAM is asked: calls, pages, retries, and failures as values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import PaginationError
from prowler.lib.logger import logger
from prowler.providers.aws.lib.service.service import AWSService

from ..aws_failures import FAILURES, MALFORMED, CallFailedError, failure_of
from ..facts import Unreadable

PROWLER_ATTEMPTS = 4
"""How often Prowler tries a call unless told otherwise (``prowler/providers/aws/config.py``)."""
ATTEMPTS = 8
"""How often it is tried here: 4 attempts lose 1 call in 120 when 30 % are throttled."""
EXTRA_LOOKS = 2
"""How often to ask again, after all others, about the users whose call failed all the same."""
PAGE_SIZE = 1000
"""The most that IAM gives on one page."""
MAX_PAGES = 10_000
"""More pages than any account has: IAM's quota is 5,000 users."""
WITHOUT_PASSWORD = "iam:GetLoginProfile"  # noqa: S105 - a call
"""The call that ends with NoSuchEntity for every user without a password."""

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class IAMClient(AWSService):
    """IAM as Prowler's own service classes reach it: same session, same region, same filters.

    Prowler's ``IAM`` reads all of IAM when it is made; this one reads nothing until asked. It
    retries in botocore's adaptive mode, as often as ``--aws-retries-max-attempts`` says if that
    differs from Prowler's default.
    """

    def __init__(self, provider: Any) -> None:
        region = provider.get_default_region("iam")
        # With global_service, AWSService makes no client for each region: IAM needs one.
        super().__init__("iam", provider, global_service=True, region=region)
        self.client: Any = self.client
        attempts = self.client.meta.config.retries["total_max_attempts"]
        if attempts == PROWLER_ATTEMPTS:
            attempts = ATTEMPTS
        self.client = self.session.client(
            "iam",
            region,
            config=Config(retries={"mode": "adaptive", "total_max_attempts": attempts}),
        )

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Make one call, named as in AWS's API reference. Raises CallFailedError."""
        method: Callable[..., dict[str, Any]] = getattr(self.client, xform_name(operation))
        with self._failures(operation):
            return method(**parameters)

    def read(
        self, operation: str, parse: Callable[[dict[str, Any]], Answer], **parameters: Any
    ) -> Answer | Unreadable:
        """What ``parse`` takes out of the answer to one call, or why it could not be had.

        An answer without a member that ``parse`` needs is not an empty one: ``MalformedAnswer``.
        """
        try:
            with self._failures(operation):
                return parse(self.call(operation, **parameters))
        except CallFailedError as failed:
            return failed.unreadable

    def each_page(
        self, operation: str, take: Callable[[dict[str, Any]], object], **parameters: Any
    ) -> Unreadable | None:
        """Call ``take`` with each page. Returns why there may be more; None after the last page.

        botocore's paginators take a truncated page without a marker for the last one, and follow
        markers in a circle without end.
        """
        followed: set[str] = set()

        def next_marker(page: dict[str, Any]) -> str | None:
            take(page)
            marker: str | None = page.get("Marker")
            if not marker and not page.get("IsTruncated"):
                return None
            if not marker or marker in followed or len(followed) == MAX_PAGES:
                raise PaginationError(message=f"no way on after {len(followed) + 1} pages")
            followed.add(marker)
            return marker

        parameters["MaxItems"] = PAGE_SIZE
        while True:
            marker = self.read(operation, next_marker, **parameters)
            if marker is None or isinstance(marker, Unreadable):
                return marker
            parameters["Marker"] = marker

    def items(
        self, operation: str, member: str, parse: Callable[[Any], Answer], **parameters: Any
    ) -> tuple[Answer, ...] | Unreadable:
        """All items that the pages of a call list under ``member``, or why they are not all known.

        AWS answers an empty list if there are none.
        """
        items: list[Answer] = []

        def take(page: dict[str, Any]) -> None:
            items.extend(map(parse, page[member]))

        return self.each_page(operation, take, **parameters) or tuple(items)

    def ask_each(
        self, question: Callable[[Asked], Answer | Unreadable], about: Iterable[Asked]
    ) -> dict[Asked, Answer | Unreadable]:
        """Ask about many in parallel; ask again about those whose call failed for a while only."""
        about = tuple(about)
        answers = dict(zip(about, self.thread_pool.map(question, about), strict=True))
        for _ in range(EXTRA_LOOKS):
            failed = [
                asked
                for asked, answer in answers.items()
                if isinstance(answer, Unreadable) and answer.transient
            ]
            answers.update(zip(failed, self.thread_pool.map(question, failed), strict=True))
        return answers

    @contextmanager
    def _failures(self, operation: str) -> Iterator[None]:
        """Turn what goes wrong in a call, or in parsing its answer, into CallFailedError."""
        call = f"iam:{operation}"
        try:
            yield
        except FAILURES as error:
            raise self._failed(failure_of(call, error)) from error
        except MALFORMED as error:
            raise self._failed(Unreadable(call, "MalformedAnswer")) from error

    def _failed(self, failure: Unreadable) -> CallFailedError:
        failed = CallFailedError(failure)
        # The code only: botocore's messages can quote what was sent.
        log = logger.warning if failure.gone else logger.error
        if failure.gone and failure.call == WITHOUT_PASSWORD:
            log = logger.debug
        log(f"{self.region} -- {failed}")
        return failed
