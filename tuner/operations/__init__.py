"""What commands and Python functions do, step by step. Nothing here prints or catches a signal."""
