"""Which of the account's own resources has an address, if EC2 may be asked."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from botocore import xform_name
from botocore.config import Config
from prowler.lib.logger import logger

from ..aws_failures import failure_of
from .evidence import Usage

_MOST = 200
"""The most values that EC2 takes in a filter."""
_CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)


class Addresses:
    """Asks a Region about each address once. The first call that fails is the last one.

    The permission is optional, so no sentence claims anything of an address that is not here.
    """

    def __init__(self, session: Any) -> None:
        self._session, self._failed = session, False
        self._asked: set[tuple[str, str]] = set()
        self._resources: dict[str, str] = {}

    def ask(self, region: str, sources: Iterable[str], is_over: Callable[[], bool]) -> None:
        """Look for these addresses until ``is_over``. What is not an IPv4 address is left out."""
        new = {(region, source) for source in sources if _is_ipv4(source)} - self._asked
        self._asked |= new
        values = sorted(source for _, source in new)[:_MOST]
        filters = [{"Name": "association.public-ip", "Values": values}]
        calls: dict[str, dict[str, Any]] = {
            "DescribeNatGateways": {},
            "DescribeNetworkInterfaces": {"Filters": filters},
        }
        for call, parameters in calls.items() if new else ():
            if self._failed or is_over():
                return
            try:
                client = self._session.client("ec2", region_name=region, config=_CONFIG)
                for address, resource in _resources(
                    getattr(client, xform_name(call))(**parameters)
                ):
                    self._resources.setdefault(address, resource)
            except Exception as error:  # must not cost the finding
                self._failed = True
                logger.warning(f"{region} -- {failure_of(f'ec2:{call}', error)}")

    def locate(self, usage: Usage) -> Usage:
        """The same, with the account's own resources that have the addresses."""
        return replace(
            usage,
            used_by=tuple(
                replace(user, resource=self._resources.get(user.source, ""))
                for user in usage.used_by
            ),
        )


def _is_ipv4(source: str) -> bool:
    try:
        return ipaddress.ip_address(source).version == 4
    except ValueError:
        return False


def _resources(answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Addresses, and the resources that have them."""
    for gateway in answer.get("NatGateways", ()):
        for address in gateway["NatGatewayAddresses"]:
            yield address.get("PublicIp", ""), gateway["NatGatewayId"]
    for interface in answer.get("NetworkInterfaces", ()):
        instance = interface.get("Attachment", {}).get("InstanceId")
        address = interface.get("Association", {}).get("PublicIp", "")
        yield address, instance or interface["NetworkInterfaceId"]
