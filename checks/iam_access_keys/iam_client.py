"""How IAM is asked: calls, pages, retries, and failures as values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from botocore import xform_name
from botocore.config import Config
from prowler.lib.logger import logger
from prowler.providers.aws.lib.service.service import AWSService

from .aws_failures import FAILURES, failure_of
from .facts import Unreadable

PROWLER_ATTEMPTS = 4
"""How often Prowler tries a call unless told otherwise (``prowler/providers/aws/config.py``)."""
ATTEMPTS = 8
"""How often it is tried here: 4 attempts lose 1 call in 120 when 30 % are throttled."""
EXTRA_LOOKS = 2
"""How often to ask again, after all others, about the users whose call failed all the same."""
PAGE_SIZE = 1000
"""The most that IAM gives on one page."""

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class CallFailedError(Exception):
    """An IAM call that gave no answer."""

    def __init__(self, unreadable: Unreadable) -> None:
        super().__init__(str(unreadable))
        self.unreadable = unreadable


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
        try:
            return method(**parameters)
        except FAILURES as error:
            raise self._failed(operation, error) from error

    def pages(self, operation: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Make a call that has pages, and give each. Raises CallFailedError, perhaps midway."""
        paginator = self.client.get_paginator(xform_name(operation))
        try:
            yield from paginator.paginate(**parameters, PaginationConfig={"PageSize": PAGE_SIZE})
        except FAILURES as error:
            raise self._failed(operation, error) from error

    def items(self, operation: str, member: str, **parameters: Any) -> tuple[Any, ...] | Unreadable:
        """All that the pages of a call list under ``member``, or why it could not be had whole."""
        try:
            pages = self.pages(operation, **parameters)
            return tuple(item for page in pages for item in page.get(member, ()))
        except CallFailedError as failed:
            return failed.unreadable

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

    def _failed(self, operation: str, error: Exception) -> CallFailedError:
        failed = CallFailedError(failure_of(f"iam:{operation}", error))
        # The code only: botocore's messages can quote what was sent.
        log = logger.warning if failed.unreadable.gone else logger.error
        log(f"{self.region} -- {failed}")
        return failed
