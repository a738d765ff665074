"""IAM users with more than one active access key: a check for Prowler, and its fixer.

Prowler imports a check under the name that the plug-in's entry point gives it, but its fixer
always as ``prowler.providers.aws.services.iam.<check>.<check>_fixer`` (``run_fixer`` in
``prowler/lib/check/check.py``). So this package goes by that name too. Check and fixer then are
one package to Python, which the fixer relies on: see ``lib/fixable.py``. Can go when Prowler
looks for fixers where it found the check.
"""

import sys

sys.modules.setdefault(
    "prowler.providers.aws.services.iam.iam_user_multiple_active_keys", sys.modules[__name__]
)
