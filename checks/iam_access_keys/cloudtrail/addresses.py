"""Which of the account's own resources has an address, if EC2 may be asked."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore import xform_name
from botocore.config import Config
from prowler.lib.logger import logger

from ..aws_failures import failure_of
from ..facts import Unreadable

FILTERS = {
    "DescribeNatGateways": "",
    "DescribeNetworkInterfaces": "association.public-ip",
    "DescribeAddresses": "public-ip",
}
"""By call, its filter for addresses; gateways have none. The first that knows an address counts."""
_MOST = 200
"""The most values that EC2 takes in a filter."""
_CONFIG = Config(retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=20)


class Addresses:
    """Asks a Region about each address once. A call that failed is not made again."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._asked: set[tuple[str, str]] = set()
        self.resources: dict[str, str] = {}
        """By address, the ID of the resource that has it: ``nat-…``, ``i-…``, ``eni-…``."""
        self.unread: dict[str, Unreadable] = {}
        """By call, why it failed."""

    def ask(self, region: str, sources: Iterable[str]) -> None:
        """Look for these addresses. What is not an IPv4 address is left out."""
        new = {(region, source) for source in sources if _is_ipv4(source)} - self._asked
        self._asked |= new
        values = sorted(address for _, address in new)[:_MOST]
        for call, name in FILTERS.items() if new else ():
            if call in self.unread:
                continue
            only = {"Filters": [{"Name": name, "Values": values}]} if name else {}
            try:
                client = self._session.client("ec2", region_name=region, config=_CONFIG)
                for address, resource in _resources(getattr(client, xform_name(call))(**only)):
                    self.resources.setdefault(address, resource)
            except Exception as error:  # must not cost the finding
                self.unread[call] = failure_of(f"ec2:{call}", error)
                logger.error(f"{region} -- {self.unread[call]}")


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
    for address in answer.get("Addresses", ()):
        held_by = address.get("InstanceId") or address.get("NetworkInterfaceId")
        yield address["PublicIp"], held_by or address["AllocationId"]
