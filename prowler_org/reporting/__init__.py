"""The reports of the whole run: files, page, terminal, delivery."""
