"""The emulator's bootstrap runs in an emulator's container, which has little."""

import subprocess
import sys

IMPORTS = """
import sys
import groundwork_command.emulator_bootstrap
lacking = {"orjson", "uvicorn", "boto3", "psycopg"}
print(sorted({name.split(".")[0] for name in sys.modules} & lacking))
"""


def test_the_bootstrap_imports_nothing_that_a_container_of_the_emulator_may_lack() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
