"""Which access key first: from findings in Prowler's OCSF reports to one ranked list of keys."""
