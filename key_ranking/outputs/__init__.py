"""What is written and printed: page, files, terminal, OSCAL, and a query for Athena."""
