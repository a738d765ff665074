"""Warm up the libraries that every scan stands on, so that a forked scan finds their work done.

Each function in ``WARMED`` saves one thing and needs no other. It checks what it relies on inside a
library, and raises NotAsExpectedError if that is different: scans then do the thing themselves, and
take longer. Only a process that scans are forked from calls them.

No module may be imported here that makes an AWS client, as all ``*_client`` modules of Prowler do:
they call AWS when they are imported.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import inspect
import os
from collections.abc import Callable
from typing import Any

from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks

MODULES = (
    "about_time",
    "alive_progress.styles",
    "difflib",
    "encodings.ascii",
    "grapheme",
    "markdown.extensions.nl2br",
    "prowler.lib.outputs.compliance.universal.ocsf_compliance",
    "prowler.lib.outputs.compliance.universal.universal_output",
    "prowler.providers.aws.lib.service.service",
)
"""What libraries import on first use only, in every scan."""
GROUPS = ("prowler.checks.aws", "prowler.compliance", "prowler.providers")
"""The groups of entry points that Prowler asks for."""
SERVICES = ("ec2", "iam", "organizations", "sts")
"""The AWS services that Prowler calls in every scan, and IAM."""
MODELS = ("service-2", "endpoint-rule-set-1", "paginators-1")
"""What a client of a service reads."""
TABLES = ("_retry", "endpoints", "partitions", "sdk-default-configuration")
"""What all clients read."""


class NotAsExpectedError(Exception):
    """A library is different from what is relied on; the text says what is."""


def warm_libraries() -> tuple[str, ...]:
    """Warm up all. Returns what is not as expected, in words."""
    problems = []
    for warm in WARMED:
        try:
            warm()
        except NotAsExpectedError as error:
            problems.append(str(error))
        except Exception as error:
            problems.append(f"{warm.__name__} failed with {type(error).__name__}: {error}")
    return tuple(problems)


def import_modules() -> None:
    """Import what scans import on first use."""
    missing = []
    for name in MODULES:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    if missing:
        raise NotAsExpectedError(f"there is no module {', '.join(missing)}")


def import_our_checks() -> None:
    """Import this plug-in's checks, and read the frameworks that name them."""
    package = "prowler_access_keys.services.iam"
    column = importlib.import_module(f"{package}.iam_access_keys.findings.compliance_column")
    for check in our_checks():
        importlib.import_module(f"{package}.{check}.{check}")
        column.requirements_of(check)


def read_entry_points_once() -> None:
    """Have the installed packages searched for entry points once, and not seven times a scan."""
    original = importlib.metadata.entry_points
    if tuple(inspect.signature(original).parameters) != ("params",):
        raise NotAsExpectedError("importlib.metadata.entry_points of this Python is different")
    cached = functools.cache(original)
    for group in GROUPS:
        cached(group=group)
    importlib.metadata.entry_points = cached  # type: ignore[assignment]


def read_yaml_with_libyaml() -> None:
    """Have ``yaml.safe_load`` use libyaml's parser, which is written in C."""
    yaml = importlib.import_module("yaml")
    if not hasattr(yaml, "CSafeLoader") or yaml.safe_load.__globals__ is not vars(yaml):
        raise NotAsExpectedError("this PyYAML has no libyaml")
    yaml.SafeLoader = yaml.CSafeLoader  # type: ignore[attr-defined]


def share_service_models() -> None:
    """Have all sessions share one loader of service models, which remembers what it has read.

    Otherwise, each session of a scan reads the models of its clients anew.
    """
    session = importlib.import_module("botocore.session")
    _expect(session, "create_loader", "search_path_string")
    create_loader = functools.cache(session.create_loader)
    loader = create_loader(None)
    for service in SERVICES:
        for model in MODELS:
            loader.load_service_model(service, model)
    for name in TABLES:
        loader.load_data_with_path(name)
    session.create_loader = create_loader  # type: ignore[attr-defined]


def share_tls_contexts() -> None:
    """Have all clients that verify alike share one TLS context, and so one bundle of authorities.

    Otherwise, each client makes a context, and each connection reads the bundle again. Clients that
    do not verify, and those with a certificate of their own, are left alone.
    """
    http = importlib.import_module("botocore.httpsession")
    _expect(http.URLLib3Session, "_get_pool_manager_kwargs", "self", "extra_kwargs")
    _expect(http, "get_cert_path", "verify")
    original = http.URLLib3Session._get_pool_manager_kwargs

    @functools.cache
    def context_for(bundle: str) -> Any:
        context: Any = http.create_urllib3_context()
        # urllib3 has each connection load the bundle: let only the first one do so.
        context.load_verify_locations = functools.cache(context.load_verify_locations)
        context.load_verify_locations(bundle, None, None)
        return context

    def pool_manager_arguments(self: Any, **more: Any) -> dict[str, Any]:
        arguments: dict[str, Any] = original(self, **more)
        if self._verify and not self._cert_file:
            arguments["ssl_context"] = context_for(http.get_cert_path(self._verify))
        return arguments

    context_for(http.get_cert_path(os.environ.get("AWS_CA_BUNDLE") or True))
    http.URLLib3Session._get_pool_manager_kwargs = pool_manager_arguments


def render_markdown_once() -> None:
    """Have the HTML report render the texts of a check once, and not for each of its findings."""
    html = importlib.import_module("prowler.lib.outputs.html.html").HTML
    _expect(html, "process_markdown", "text")
    html.process_markdown("The first text makes the library look for extensions.")
    html.process_markdown = staticmethod(functools.lru_cache(maxsize=1000)(html.process_markdown))


def _expect(owner: Any, name: str, *parameters: str) -> None:
    function = getattr(owner, name, None)
    if function is None or tuple(inspect.signature(function).parameters) != parameters:
        raise NotAsExpectedError(f"{owner.__name__}.{name} is different")


WARMED: tuple[Callable[[], None], ...] = (
    import_modules,
    read_entry_points_once,
    read_yaml_with_libyaml,
    share_service_models,
    share_tls_contexts,
    render_markdown_once,
    import_our_checks,
)
"""``import_our_checks`` comes last: it profits from the others."""
