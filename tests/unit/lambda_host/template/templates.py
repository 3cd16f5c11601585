"""Templates as text, and how tests read them."""

from collections.abc import Mapping
from pathlib import Path

from groundwork_lambda_host.template import Addresses, Stack, load

FUNCTION = """
  Work:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code/
      Handler: worker.handler
"""


def read(
    folder: Path,
    text: str,
    parameters: Mapping[str, str] | None = None,
    addresses: Addresses | None = None,
) -> Stack:
    path = folder / "template.yaml"
    path.write_text(text)
    return load(path, parameters or {}, addresses or Addresses())
