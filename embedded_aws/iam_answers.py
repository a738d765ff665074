"""What moto leaves out of IAM, answered as AWS documents it.

* Pages. ``ListUsers`` and ``GetAccountAuthorizationDetails`` answer at most ``MaxItems`` (100 if
  not given, never more than 1,000) users, with ``IsTruncated`` and ``Marker``; AWS may answer
  fewer. ``ListUsers`` leaves out tags.
  https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html
  https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
* Details of users, groups, and customer managed policies, with documents and boundaries.
* The credential report: see ``credential_report.py``.
* Service-specific credentials, of one user or of all.
  https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServiceSpecificCredentials.html
* An answer to ``GetServiceLastAccessedDetails``, which Prowler's own IAM service asks for each
  user: nothing was accessed.
* The root user's access keys, which no call but the report shows; ``GetAccountSummary`` says
  whether there are any.
  https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from itertools import chain
from typing import Any

from moto.core.responses import ActionResult
from moto.core.serialize import never_return, return_if_not_empty
from moto.iam.exceptions import IAMException
from moto.iam.models import Group, IAMBackend, ManagedPolicy, User
from moto.iam.responses import IamResponse

from .behavior import MOST_USERS_ON_A_PAGE, Behavior
from .credential_report import CredentialReports
from .population import Population

USERS_ON_A_PAGE = 100
_DETAILS = "GetAccountAuthorizationDetailsResponse"
TRANSFORMERS = {
    "ListUsersResponse.Users.User.PermissionsBoundary": never_return,
    f"{_DETAILS}.UserDetailList.UserDetail.Tags": lambda tags: tags or [],
    f"{_DETAILS}.UserDetailList.UserDetail.UserPolicyList": return_if_not_empty,
    f"{_DETAILS}.GroupDetailList.GroupDetail.GroupPolicyList": return_if_not_empty,
}
"""How answers differ from what moto has of users and groups, added to moto's own table."""


class IAMAnswers:
    """Answers in place of moto's."""

    def __init__(
        self, population: Population, behavior: Behavior, reports: CredentialReports
    ) -> None:
        self._population = population
        self._behavior = behavior
        self._reports = reports

    def by_name(self) -> dict[str, Callable[[IamResponse], ActionResult]]:
        """The methods of moto's ``IamResponse`` to replace or to add, by name."""
        answers: dict[str, Callable[[IamResponse], dict[str, Any]]] = {
            "list_users": self._list_users,
            "get_account_authorization_details": self._authorization_details,
            "generate_credential_report": self._reports.generate,
            "get_credential_report": self._reports.get,
            "get_account_summary": self._get_account_summary,
            # Prowler's own IAM service asks these of every user.
            "generate_service_last_accessed_details": lambda _: {"JobId": "0" * 36},
            "get_service_last_accessed_details": _nothing_accessed,
            "list_service_specific_credentials": self._list_credentials,
        }
        return {name: _answering(answer) for name, answer in answers.items()}

    def _list_users(self, response: IamResponse) -> dict[str, Any]:
        page, more = self._page(response, self._listed(response))
        return {"Users": page, **more}

    def _list_credentials(self, response: IamResponse) -> dict[str, Any]:
        held_by = self._population.service_specific_credentials
        if response._get_param("AllUsers") not in (None, "false", False):
            if self._behavior.refuses_all_users:
                raise IAMException("ValidationError", "AllUsers is not supported.")
            page, more = self._page(response, list(chain.from_iterable(held_by.values())))
            return {"ServiceSpecificCredentials": page, **more}
        name = response._get_param("UserName")
        response.backend.get_user(name)
        return {"ServiceSpecificCredentials": held_by.get(name, [])}

    def _authorization_details(self, response: IamResponse) -> dict[str, Any]:
        kinds = set(response._get_param("Filter", []))
        if not kinds or kinds - {"User", "Group", "LocalManagedPolicy"}:
            raise NotImplementedError("the embedded AWS has no details of roles and AWS's policies")
        iam: IAMBackend = response.backend
        policies = [
            policy for policy in iam.managed_policies.values() if ":aws:policy/" not in policy.arn
        ]
        entries: list[User | Group | ManagedPolicy] = [
            *(self._listed(response) if "User" in kinds else ()),
            *(iam.groups.values() if "Group" in kinds else ()),
            *(policies if "LocalManagedPolicy" in kinds else ()),
        ]
        page, more = self._page(response, entries)
        return {
            "UserDetailList": [entry for entry in page if isinstance(entry, User)],
            "GroupDetailList": [entry for entry in page if isinstance(entry, Group)],
            "RoleDetailList": [],
            "Policies": [_versions(entry) for entry in page if isinstance(entry, ManagedPolicy)],
            **more,
        }

    def _listed(self, response: IamResponse) -> list[User]:
        users = response.backend.users.values()
        return [user for user in users if user.name not in self._behavior.unlisted]

    def _page(
        self, response: IamResponse, entries: Sequence[Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """A page of these entries, and whether and how it goes on."""
        behavior = self._behavior
        asked = int(response._get_param("MaxItems") or USERS_ON_A_PAGE)
        size = min(asked, behavior.page_size, MOST_USERS_ON_A_PAGE)
        start = int(response._get_param("Marker") or 0)
        following = start + size
        page = list(entries[start : start + size])
        if following >= len(entries):
            return page, {"IsTruncated": False}
        return page, {"IsTruncated": True, "Marker": str(following)}

    def _get_account_summary(self, response: IamResponse) -> dict[str, Any]:
        summary = dict(response.backend.get_account_summary().summary_map)
        summary["AccountAccessKeysPresent"] = int(bool(self._behavior.root_keys_active))
        return {"SummaryMap": summary}


def _answering(
    answer: Callable[[IamResponse], dict[str, Any]],
) -> Callable[[IamResponse], ActionResult]:
    return lambda response: ActionResult(answer(response))


def _nothing_accessed(_: IamResponse) -> dict[str, Any]:
    now = datetime.now(timezone.utc)
    return {
        "JobStatus": "COMPLETED",
        "JobCreationDate": now,
        "JobCompletionDate": now,
        "ServicesLastAccessed": [],
    }


def _versions(policy: ManagedPolicy) -> dict[str, Any]:
    return {  # moto's serializer does not find the name
        "PolicyName": policy.name,
        "Arn": policy.arn,
        "DefaultVersionId": policy.default_version_id,
        "PolicyVersionList": policy.policy_version_list,
    }
