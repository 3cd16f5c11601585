#!/bin/sh
# Start the handler as Lambda does: the function's code first, then its layers.
export PYTHONPATH="/var/task:/opt/python"
exec python -m awslambdaric "$_HANDLER"
