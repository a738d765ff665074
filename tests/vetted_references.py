"""The requirements of other standards whose text was read, and asks for what is measured here.

By standard; for CIS, by version too. Kept apart from the framework on purpose: a reference that
nobody has vetted is refused.
"""

from __future__ import annotations

CIS_BEFORE_5 = "1.2 1.4 1.11 1.12 1.13 1.14 1.16 1.17 1.18 1.21 3.1"
CIS: dict[str, set[str]] = {
    **{version: set(CIS_BEFORE_5.split()) for version in ("1.4", "1.5", "2.0", "3.0", "4.0.1")},
    "5.0": {"1.2", "1.3", "1.10", "1.11", "1.12", "1.13", "1.15", "1.16", "1.17", "1.20", "3.1"},
    "6.0": {"2.2", "2.3", "2.10", "2.11", "2.12", "2.13", "2.15", "2.16", "2.17", "2.20", "4.1"},
    "7.0": {"2.3", "2.4", "2.11", "2.12", "2.14", "2.15", "2.16", "2.19", "4.1"},
}
VETTED: dict[str, set[str]] = {
    "FSBP": {
        "IAM.1", "IAM.3", "IAM.4", "IAM.8", "CodeBuild.1", "CodeBuild.2", "ECS.8", "CloudTrail.1",
        "GuardDuty.1", "Account.1",
    },
    "Security Hub": {"IAM.22", "IAM.25"},
    "Well-Architected": {
        "SEC01-BP02", "SEC02-BP02", "SEC02-BP03", "SEC02-BP04", "SEC02-BP05", "SEC03-BP02",
        "SEC03-BP04", "SEC10-BP04", "OPS02-BP01",
    },
    "FTR": {"ACOM-001", "ARC-004", "IAM-002", "IAM-009", "IAM-012"},
    "AWS": {
        "IAM User Guide: Update access keys",
        "IAM User Guide: API keys for AWS services",
        "Managed Policy Reference: AWSCompromisedKeyQuarantine",
    },
    "NIST SP 800-53": {
        "AC-2(3)", "AC-2(3)(d)", "AC-2 b", "AC-2(12)(a)", "AC-6", "AC-6(2)", "AC-6(5)", "IA-5 d",
        "IA-5 f", "IA-5(7)", "IR-4 a", "SI-4 a",
    },
    "NIST CSF": {"PR.AA-01", "PR.AA-05", "RS.MI-01", "DE.CM-03", "ID.IM-04"},
    "ISO": {"A.5.9", "A.5.17", "A.5.18", "A.5.24", "A.5.26", "A.8.2", "A.8.15", "A.8.16"},
    "PCI DSS": {
        "7.2.2", "7.2.4", "7.2.5", "8.2.2", "8.2.5", "8.2.6", "8.3.9", "8.6.1", "8.6.2", "8.6.3",
        "10.2.1.5", "12.10.3",
    },
    "SOC 2": {"CC6.1", "CC6.2", "CC6.3", "CC7.2", "CC7.4"},
    "ATT&CK": {"T1078.001", "T1078.004", "T1098.001", "T1552.001"},
    "CCM": {"IAM-03", "IAM-05", "IAM-07", "IAM-10", "IAM-13", "LOG-05"},
}  # fmt: skip

PROWLERS_FILES = {
    "FSBP": "aws_foundational_security_best_practices_aws",
    "Well-Architected": "aws_well_architected_framework_security_pillar_aws",
    "FTR": "aws_foundational_technical_review_aws",
    "NIST SP 800-53": "nist_800_53_revision_5_aws",
    "ISO": "iso27001_2022_aws",
    "SOC 2": "soc2_aws",
    "ATT&CK": "mitre_attack_aws",
}
"""Prowler's own file of a standard, if it numbers as the standard does. CIS has one a version."""
NOT_IN_PROWLERS_FILE = {"AC-2 b", "AC-6(5)", "IA-5(7)", "OPS02-BP01"}
"""Read in the standard itself; Prowler has nothing that measures it."""
