"""Start the function of this image with Lambda's runtime interface."""

import os
import sys

from awslambdaric.__main__ import main

main([sys.argv[0], os.environ["FUNCTION_HANDLER"]])
