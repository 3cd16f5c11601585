"""AWS, and what speaks its protocols on a laptop."""
