"""One loaded Prowler for many scans. Can go once Prowler scans several accounts in a process."""
