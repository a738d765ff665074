"""From findings to the entries of the ranked list."""
