"""Put the organization's own reports where Prowler puts those of the accounts: in a bucket."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from boto3.exceptions import S3UploadFailedError
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ..running_prowler.log import failed_call, quote

SECONDS_TO_CONNECT = 10
PREFIX = "output/organization"
"""Prowler's own objects are named ``output/csv/…``, ``output/html/…``, and so on."""


def upload(files: Iterable[Path], directory: Path, bucket: str, session: Any) -> list[str]:
    """Upload files of the output directory with a boto3 session of this machine.

    Returns why that failed, in a sentence, if it did.
    """
    try:
        client = session.client("s3", config=Config(connect_timeout=SECONDS_TO_CONNECT))
        for path in files:
            name = f"{PREFIX}/{path.relative_to(directory).as_posix()}"
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            client.upload_file(str(path), bucket, name, ExtraArgs={"ContentType": kind})
    except (BotoCoreError, ClientError, S3UploadFailedError, OSError) as error:
        call = failed_call(str(error))
        why = f"{call.operation} failed with {call.code}" if call else quote(str(error))
        return [f"The organization's reports were not delivered to the bucket {bucket}: {why}."]
    return []
