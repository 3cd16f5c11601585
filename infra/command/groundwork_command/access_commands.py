"""The commands `groundwork user …` and `groundwork keys …`."""

from typing import Annotated

import typer

from groundwork_command.options import Json

keys = typer.Typer(
    help="Rotate the keys that sign access tokens and encrypt secrets.", no_args_is_help=True
)
user = typer.Typer(help="Create, list and change user accounts.", no_args_is_help=True)

FromStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin", help="Read the password from standard input; default: generate one."
    ),
]


@user.command("create")
def user_create(
    *,
    email: Annotated[str, typer.Option(help="E-mail address to log in with.")],
    role: Annotated[list[str], typer.Option(help="Role to assign; repeat the option for several.")],
    name: Annotated[str, typer.Option(help="Display name.")] = "",
    password_stdin: FromStdin = False,
) -> None:
    """Create an account."""
    from groundwork_command.commands import users as command

    command.create(email, tuple(role), name, "stdin" if password_stdin else "generated")


@user.command("password")
def user_password(
    *,
    email: Annotated[str, typer.Option(help="E-mail address of the account.")],
    password_stdin: FromStdin = False,
) -> None:
    """Set a new password for an account and end all its sessions."""
    from groundwork_command.commands import users as command

    command.set_password(email, "stdin" if password_stdin else "generated")


@user.command("disable")
def user_disable(
    email: Annotated[str, typer.Argument(help="E-mail address of the account.")],
) -> None:
    """Disable an account and end its sessions and sockets."""
    from groundwork_command.commands import users as command

    command.set_status(email, "disabled")


@user.command("enable")
def user_enable(
    email: Annotated[str, typer.Argument(help="E-mail address of the account.")],
) -> None:
    """Enable a disabled account; its user must log in again."""
    from groundwork_command.commands import users as command

    command.set_status(email, "active")


@user.command("list")
def user_list(*, as_json: Json = False) -> None:
    """List the accounts."""
    from groundwork_command.commands import users as command

    command.show("json" if as_json else "text")


@keys.command("rotate")
def keys_rotate(*, as_json: Json = False) -> None:
    """Sign new access tokens with a new key. Existing tokens stay valid until they expire."""
    from groundwork_command.commands import keys as command

    command.rotate("json" if as_json else "text")


@keys.command("rotate-data")
def keys_rotate_data(*, as_json: Json = False) -> None:
    """Encrypt stored secrets with a new data key. Older data keys can still decrypt."""
    from groundwork_command.commands import keys as command

    command.rotate_data("json" if as_json else "text")


@keys.command("rotate-worker")
def keys_rotate_worker(*, as_json: Json = False) -> None:
    """Give the worker reference_extractor a new API key, and revoke its older ones."""
    from groundwork_command.commands import keys as command

    command.rotate_worker("json" if as_json else "text")


@keys.command("re-encrypt")
def keys_re_encrypt(
    *,
    remove_old: Annotated[
        bool,
        typer.Option(
            "--remove-old",
            help="Remove data keys that no secret uses, ten minutes after they were replaced.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Encrypt stored secrets with the newest data key, if they have an older one."""
    from groundwork_command.commands import keys as command

    command.re_encrypt("remove" if remove_old else "keep", "json" if as_json else "text")
