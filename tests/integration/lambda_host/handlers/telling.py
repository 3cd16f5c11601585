"""A handler that fails with a secret in what it raises, in each way there is."""

import importlib
import threading


class OddRow(Exception):
    """As a database driver has it: its text quotes the row."""

    sqlstate = "23505"


class BadSettings(Exception):
    """Names a setting and not its value."""

    says_no_values = True


class Careless:
    """Something whose end fails."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def __del__(self) -> None:
        raise RuntimeError(self.secret)


def fail(how: str, secret: str) -> None:  # noqa: PLR0912 - a list
    match how:
        case "runtime":
            raise RuntimeError(secret)
        case "value":
            int(secret)
        case "key":
            dict[str, str]()[secret]
        case "row":
            raise OddRow(f"Key (email)=({secret}) already exists.")
        case "file":
            open(f"/nowhere/{secret}")  # noqa: PTH123, SIM115 - it raises
        case "cause":
            try:
                fail("value", secret)
            except ValueError as error:
                raise TypeError("no number") from error
        case "context":
            try:
                fail("key", secret)
            except KeyError:
                raise LookupError("nothing there")  # noqa: B904 - the point of it
        case "group":
            raise ExceptionGroup(secret, [RuntimeError(secret), ValueError(secret)])
        case "note":
            noted = RuntimeError("noted")
            noted.add_note(secret)
            raise noted
        case "answer":
            return
        case "settings":
            raise BadSettings(secret)
        case "module":
            importlib.import_module(secret)
        case "thread":
            thread = threading.Thread(target=fail, args=("runtime", secret))
            thread.start()
            thread.join()
        case "end":
            Careless(secret)


def handler(event: dict[str, object], _context: object) -> object:
    query = event["queryStringParameters"]
    assert isinstance(query, dict)
    how, secret = query["how"], query["secret"]
    fail(how, secret)
    if how == "answer":
        return {"statusCode": 200, "body": {secret}}
    return {"statusCode": 200, "body": "done"}
