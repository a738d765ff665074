"""What this project relies on that Prowler does not promise, all of it, named one by one.

When a new Prowler changes one of these, the test of its name fails with a sentence: what is
different, and which of our files has to follow. Everything else that is used of Prowler is its
command line, its config file and its reports, which the end-to-end tests hold.
"""

from __future__ import annotations

import importlib
import inspect
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name
from types import ModuleType, SimpleNamespace
from typing import Any

import prowler
import pytest
from prowler.config import config
from prowler.lib.check import check as prowler_check
from prowler.lib.check.models import Check, Check_Report_AWS
from prowler.lib.check.utils import recover_checks_from_provider
from prowler.lib.cli.parser import ProwlerArgumentParser
from prowler.lib.logger import set_logging_config
from prowler.lib.outputs.summary_table import display_summary_table
from prowler.providers.aws.aws_provider import AwsProvider
from prowler.providers.aws.lib.mutelist.mutelist import AWSMutelist
from prowler.providers.aws.lib.s3.s3 import S3
from prowler.providers.aws.lib.service.service import AWSService
from prowler.providers.aws.models import AWSOutputOptions
from prowler.providers.aws.services.iam.iam_service import IAM
from prowler.providers.common.provider import Provider

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys.reading.iam_client import PROWLER_ATTEMPTS
from prowler_access_keys.services.iam.iam_access_keys.requirements_about_users import WRAPPED
from prowler_access_keys.services.iam.iam_user_multiple_active_keys import (
    iam_user_multiple_active_keys as check_module,
)
from prowler_org.running_prowler import arguments as prowler_arguments
from prowler_org.running_prowler import preload
from prowler_org.running_prowler.log import NO_FINDINGS, read_log

from .scanning import ACCOUNT, CHECK, NEIGHBOR, begin_run, provider_of

PROJECT = Path(__file__).parents[1]
SHARED = "checks/iam_access_keys"
FRAMEWORK = "access_key_hygiene_1.0_aws"


def rely(holds: bool, changed: str) -> None:
    """Fail with the sentence ``changed`` unless the installed Prowler is as it was."""
    for path in re.findall(r"[\w/]+\.(?:py|toml)\b", changed):
        assert (PROJECT / path).exists(), f"{path} is not a file of ours"
    assert holds, f"Prowler {config.prowler_version}: {changed}"


@pytest.fixture
def provider(aws: EmbeddedAWS) -> Iterator[AwsProvider]:
    """Prowler's provider in a run of our check and another one."""
    aws.add_key(aws.add_user("alice", tags={"team": "payments"}))
    with provider_of(aws) as provider:
        begin_run(provider, CHECK, NEIGHBOR)
        yield provider


# How Prowler finds what is installed: pyproject.toml's entry points


def test_checks_of_plug_ins_are_found_by_service() -> None:
    found = {name for name, _ in recover_checks_from_provider("aws", "iam")}
    rely(
        CHECK in found,
        "entry points of the group prowler.checks.aws whose path holds .services.iam. are no "
        "longer found as checks of IAM: see pyproject.toml.",
    )


def test_frameworks_of_plug_ins_are_found_in_both_schemas(
    per_provider: Any, universal: Any
) -> None:
    rely(
        FRAMEWORK in per_provider,
        "the entry points of the group prowler.compliance are no longer read: see pyproject.toml.",
    )
    rely(
        FRAMEWORK in universal,
        "the entry points of the group prowler.compliance.universal are no longer read: see "
        "pyproject.toml.",
    )


@pytest.mark.parametrize(("place", "name"), WRAPPED)
def test_findings_of_a_framework_go_through_three_functions(place: str, name: str) -> None:
    parameters = list(inspect.signature(getattr(resolve_name(place), name)).parameters)
    rely(
        parameters[:3] == ["self", "findings", "framework"]
        or (parameters[0] == "findings" and "framework" in parameters),
        f"{name} takes {parameters}: see {SHARED}/requirements_about_users.py.",
    )


# How Prowler runs a check


def test_a_check_is_a_class_with_its_metadata() -> None:
    check = check_module.iam_user_multiple_active_keys()
    rely(
        isinstance(check, Check) and check.CheckID == CHECK and CHECK in check.metadata(),
        "a check no longer reads its metadata.json as a Check with CheckID and metadata(): see "
        f"checks/{CHECK}/{CHECK}.py.",
    )


def test_a_report_takes_metadata_and_resource() -> None:
    parameters = list(inspect.signature(Check_Report_AWS.__init__).parameters)
    rely(
        parameters == ["self", "metadata", "resource"],
        f"Check_Report_AWS takes {parameters}: see {SHARED}/base_check.py.",
    )


def test_a_check_that_raises_is_named_on_the_console_and_found_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        CheckID = CHECK

        def execute(self) -> list[Any]:
            raise RuntimeError

    findings = prowler_check.execute(Broken(), SimpleNamespace(type="aws"), None)
    (tmp_path / "log").write_text(capsys.readouterr().out)
    rely(
        findings == [] and read_log(tmp_path / "log").crashed == (CHECK,),
        "it no longer prints that a check that raises 'went wrong': see _CRASHED in "
        "prowler_org/running_prowler/log.py.",
    )


def test_checks_that_cannot_be_imported_are_named_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LOG_LEVEL", raising=False)
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.root.level)
    empty = "prowler.providers.aws.services.iam.iam_empty.iam_empty"
    monkeypatch.setitem(sys.modules, empty, ModuleType(empty))
    provider = SimpleNamespace(
        type="aws",
        mutelist=SimpleNamespace(mutelist_file_path=None),
        scan_unused_services=False,
    )
    set_logging_config("ERROR")
    prowler_check.execute_checks(
        ["iam_missing", "iam_empty"], provider, None, "", SimpleNamespace(only_logs=False)
    )
    (tmp_path / "log").write_text(capsys.readouterr().err)
    rely(
        read_log(tmp_path / "log").crashed == ("iam_empty", "iam_missing"),
        "it no longer names checks that it cannot import in the log: see _CRASHED in "
        "prowler_org/running_prowler/log.py.",
    )


# What the provider holds


def test_the_provider_says_what_to_scan(provider: AwsProvider) -> None:
    rely(
        Provider.get_global_provider() is provider,
        f"the running provider is not the global one: see {SHARED}/base_check.py.",
    )
    rely(
        provider.identity.account == ACCOUNT
        and provider.identity.account_arn == f"arn:aws:iam::{ACCOUNT}:root"
        and provider.get_default_region("iam") == "us-east-1"
        and isinstance(provider.audit_config, dict),
        "the provider's identity, default region or audit_config is another: see "
        f"{SHARED}/base_check.py.",
    )
    rely(
        provider.audit_metadata.expected_checks == [CHECK, NEIGHBOR],
        "the names of the run's checks are no longer in audit_metadata.expected_checks: see "
        f"{SHARED}/reading/prowler_source.py.",
    )


def test_the_provider_holds_its_sessions_and_the_mutelist(
    aws: EmbeddedAWS, provider: AwsProvider, tmp_path: Path
) -> None:
    sessions = (provider.session.original_session, provider.session.current_session)
    key_id = aws.environment()["AWS_ACCESS_KEY_ID"]
    unread = AWSMutelist(mutelist_path=str(tmp_path / "none.yaml"))
    shipped = AWSMutelist(mutelist_path=config.get_default_mute_file_path("aws"))
    rely(
        all(session.get_credentials().access_key == key_id for session in sessions)
        and provider.identity.identity_arn.startswith("arn:")
        and (unread.mutelist, unread.mutelist_file_path) == ({}, str(tmp_path / "none.yaml"))
        and bool(shipped.mutelist),
        f"the provider's sessions or mutelist are others: see {SHARED}/fixing/fixer.py and "
        f"{SHARED}/fixing/run_credentials.py.",
    )
    botocore_session = sessions[0]._session
    rely(
        botocore_session.get_credentials().method == "env",
        f"boto3's session has no botocore session: see {SHARED}/fixing/run_credentials.py.",
    )


def test_a_run_begins_with_new_audit_metadata() -> None:
    source = inspect.getsource(prowler_check.execute_checks)
    rely(
        "global_provider.audit_metadata = Audit_Metadata(" in source,
        f"a run no longer gets audit metadata of its own: see of in {SHARED}/run_state.py.",
    )


def test_a_config_file_that_cannot_be_used_is_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("aws: {max_unused_access_keys_days: 5}")
    used = config.load_and_validate_config_file("aws", str(tmp_path / "config.yaml"))
    missing = config.load_and_validate_config_file("aws", str(tmp_path / "none.yaml"))
    rely(
        (used, missing) == ({}, {}) and Path(config.default_config_file_path).is_file(),
        f"Prowler treats config files in another way: see {SHARED}/command_line.py.",
    )


def test_one_item_of_a_mutelist_in_dynamodb_is_read() -> None:
    source = inspect.getsource(AWSMutelist.get_mutelist_file_from_dynamodb)
    in_loop = source.partition("for item in dynamodb_items:")[2]
    rely(
        "\n                return mutelist" in in_loop,
        f"Prowler may read all items of such a mutelist now: see {SHARED}/fixing/mutelist.py.",
    )


def test_a_service_class_has_what_its_client_is_made_of(provider: AwsProvider) -> None:
    service = AWSService("iam", provider, global_service=True, region="us-east-1")
    used = ("audit_resources", "audited_account_arn", "client", "region", "session", "thread_pool")
    missing = [name for name in used if not hasattr(service, name)]
    rely(not missing, f"AWSService has no {missing}: see {SHARED}/reading/iam_client.py.")


def test_a_client_tries_four_times_by_default(provider: AwsProvider) -> None:
    service = AWSService("iam", provider, global_service=True, region="us-east-1")
    attempts = service.client.meta.config.retries["total_max_attempts"]
    rely(
        attempts == PROWLER_ATTEMPTS,
        f"a call is tried {attempts} times by default: see {SHARED}/reading/iam_client.py.",
    )


def test_the_start_of_a_run_is_known() -> None:
    rely(
        isinstance(config.timestamp_utc.timestamp(), float),
        f"timestamp_utc is not the start of the run: see {SHARED}/reading/prowler_source.py.",
    )
    script = Path(sys.executable).with_name("prowler").read_text("utf-8")
    rely(
        "from prowler.__main__ import prowler" in script,
        f"its command is not prowler.__main__ any more: see {SHARED}/reading/prowler_source.py.",
    )


def test_days_without_use_have_the_range_that_is_held_here() -> None:
    field = resolve_name("prowler.config.schema.aws:AWSProviderConfig").model_fields[
        "max_unused_access_keys_days"
    ]
    limits = [
        getattr(limit, bound)
        for limit in field.metadata
        for bound in ("ge", "le")
        if hasattr(limit, bound)
    ]
    rely(
        limits == [30, 180],
        f"max_unused_access_keys_days may be {limits}: see ALLOWED in {SHARED}/settings.py.",
    )


# Prowler's shared IAM client


def test_the_shared_client_holds_users_keys_and_the_summary(provider: AwsProvider) -> None:
    shared = IAM(provider)
    (user,) = shared.users
    keys = shared.access_keys_metadata[(user.name, user.arn)]
    rely(
        shared.provider is provider
        and (user.name, user.tags) == ("alice", [{"Key": "team", "Value": "payments"}])
        and [key["Status"] for key in keys] == ["Active"]
        and shared.account_summary["SummaryMap"]["Users"] == 1,
        f"iam_client holds users or keys otherwise: see {SHARED}/reading/prowler_source.py.",
    )


# Fixers and copied checks


def test_a_fixer_is_imported_from_prowlers_own_package(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = []

    def fixer(resource_arn: str) -> bool:
        fixed.append(resource_arn)
        return True

    path = f"prowler.providers.aws.services.iam.{CHECK}.{CHECK}_fixer"
    module = ModuleType(path)
    module.fixer = fixer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, path, module)
    metadata = SimpleNamespace(CheckID=CHECK, Provider="aws", ServiceName="iam")
    finding = SimpleNamespace(check_metadata=metadata, status="FAIL", resource_arn="arn:alice")
    prowler_check.run_fixer([finding])
    rely(
        fixed == ["arn:alice"],
        "run_fixer no longer calls the fixer in "
        f"{path} with the ARN that its parameter is named for: see checks/{CHECK}/.",
    )


def test_a_checks_folder_is_copied_into_prowlers_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "checks" / CHECK).mkdir(parents=True)
    monkeypatch.setattr(prowler, "__path__", [str(tmp_path)])
    copied = tmp_path / "providers" / "aws" / "services" / "iam" / CHECK
    prowler_check.parse_checks_from_folder(SimpleNamespace(type="aws"), str(tmp_path / "checks"))
    rely(
        copied.is_dir(),
        f"--checks-folder no longer copies a check to {copied.relative_to(tmp_path)}: see "
        f"{SHARED}/prowler_workarounds.py.",
    )
    prowler_check.remove_custom_checks_module(str(tmp_path / "checks"), "aws")
    rely(
        not copied.exists(),
        f"remove_custom_checks_module leaves the copy: see {SHARED}/prowler_workarounds.py.",
    )


# prowler-org


@pytest.mark.parametrize(("name", "parameters"), preload.EXPECTED, ids=lambda value: str(value))
def test_prowler_org_replaces_or_calls(name: str, parameters: tuple[str, ...]) -> None:
    try:
        taken = tuple(inspect.signature(resolve_name(name)).parameters)
    except (AttributeError, ImportError):
        taken = None
    rely(
        taken == parameters,
        f"{name} is gone or has other parameters, so prowler-org does not fork scans: see "
        "prowler_org/running_prowler/preload.py.",
    )


@pytest.mark.parametrize("name", preload.EXPECTED_TEXTS)
def test_prowler_org_renews_the_text(name: str) -> None:
    module, _, attribute = name.partition(":")
    rely(
        isinstance(getattr(importlib.import_module(module), attribute, None), str),
        f"{name} is no longer a text: see prowler_org/running_prowler/preload.py.",
    )


def test_prowlers_parser_knows_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["prowler", "aws"])
    parsed = ProwlerArgumentParser().parse()
    known = {*prowler_arguments.KNOWN} - {
        "help",
        "version",
    }  # which leave nothing in what it parses
    unknown = vars(parsed).keys() - prowler_arguments.KNOWN
    missing = {*prowler_arguments.FILES, *prowler_arguments.SECRET, *known} - vars(parsed).keys()
    rely(
        not missing and not unknown,
        f"it has no options {missing}, or new ones, {unknown}, which may hide findings: see KNOWN "
        "in prowler_org/running_prowler/arguments.py.",
    )


def test_critical_messages_can_be_told_from_others() -> None:
    logger = importlib.import_module("prowler.lib.logger")
    source = inspect.getsource(logger.set_logging_config)
    rely(
        r'"\n%(asctime)s [File: %(filename)s:%(lineno)d] \t[Module: %(module)s]\t '
        r'%(levelname)s: %(message)s"' in source,
        "the log has another format: see _ENTRY in prowler_org/running_prowler/log.py.",
    )


def test_prowler_says_that_there_are_no_findings(capsys: pytest.CaptureFixture[str]) -> None:
    provider = SimpleNamespace(type="aws", identity=SimpleNamespace(account=ACCOUNT))
    options = SimpleNamespace(output_directory="", output_filename="", output_modes=["csv"])
    display_summary_table([], provider, options)
    rely(
        NO_FINDINGS in capsys.readouterr().out,
        "it reports an account without findings in other words: see NO_FINDINGS in "
        "prowler_org/running_prowler/log.py.",
    )


def test_reports_are_named_as_they_were() -> None:
    suffixes = (config.csv_file_suffix, config.html_file_suffix, config.json_ocsf_file_suffix)
    rely(
        suffixes == (".csv", ".html", ".ocsf.json"),
        f"the names of reports end with {suffixes}: see prowler_org/results/report_files.py.",
    )
    rely(
        'f"prowler-output-{identity.account}-' in inspect.getsource(AWSOutputOptions),
        "reports have other names: see holds_findings in prowler_org/results/report_files.py.",
    )


def test_objects_in_a_bucket_are_named_by_what_follows_prowler_in_the_path() -> None:
    rely(
        S3.get_object_path("/scans/1/prowler/output/compliance") == "output/compliance",
        "with --output-bucket, objects have other names: see _run_prowler in "
        "prowler_org/scanning/account_scan.py.",
    )
