"""Which accounts there are, and how to sign in to them."""
