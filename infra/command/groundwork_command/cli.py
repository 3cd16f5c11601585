"""The command line. Each command imports its module when it runs, so that `--help` is quick."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON, for a program.")]

app = typer.Typer(
    help="Groundwork: feeds become documents, entities, a graph and live events.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
sources = typer.Typer(help="Work with sources.", no_args_is_help=True)
graph = typer.Typer(help="Compare the graph with Postgres, and mend it.", no_args_is_help=True)
queues = typer.Typer(help="Look into the queues.", no_args_is_help=True)
keys = typer.Typer(help="Work with the key that signs access tokens.", no_args_is_help=True)
user = typer.Typer(help="Work with accounts.", no_args_is_help=True)


@app.command()
def up() -> None:
    """Start everything in the foreground; Ctrl-C stops it."""
    from groundwork_command.commands import up as command

    command.up()


@app.command()
def down() -> None:
    """Stop the instance that runs on the state folder."""
    from groundwork_command.commands import down as command

    command.down()


@app.command()
def demo() -> None:
    """Ingest a few sample feeds of our own, and ask the graph about them."""
    from groundwork_command.commands import demo as command

    command.demo()


@app.command()
def doctor(*, as_json: Json = False) -> None:
    """Look for what would keep Groundwork from running, and say what to do."""
    from groundwork_command.commands import doctor as command

    command.doctor("json" if as_json else "text")


@app.command()
def migrate(
    *,
    to: Annotated[
        str, typer.Option(help="A revision of the Postgres schema; `base` takes all back.")
    ] = "head",
    down: Annotated[int, typer.Option(min=0, help="How many steps Postgres goes back.")] = 0,
    graph_to: Annotated[
        int | None, typer.Option(min=0, help="The graph's highest migration; 0 takes all back.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring Postgres and the graph to the newest schema. Safe to run twice, and by two at once."""
    from groundwork_command.commands import migrate as command

    command.migrate(f"-{down}" if down else to, graph_to, "json" if as_json else "text")


FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read it from standard input; else made up.")
]


@user.command("create")
def user_create(
    *,
    email: Annotated[str, typer.Option(help="The address to log in with.")],
    role: Annotated[list[str], typer.Option(help="A role; may be given more than once.")],
    name: Annotated[str, typer.Option(help="What to call them.")] = "",
    password_stdin: FromStdin = False,
) -> None:
    """Make an account."""
    from groundwork_command.commands import users as command

    command.create(email, tuple(role), name, "stdin" if password_stdin else "made-up")


@user.command("password")
def user_password(
    *,
    email: Annotated[str, typer.Option(help="Whose.")],
    password_stdin: FromStdin = False,
) -> None:
    """Give an account a new password; all its sessions end."""
    from groundwork_command.commands import users as command

    command.set_password(email, "stdin" if password_stdin else "made-up")


@user.command("disable")
def user_disable(email: Annotated[str, typer.Argument(help="Whose.")]) -> None:
    """Let nobody in with an account any more; its sessions and sockets end."""
    from groundwork_command.commands import users as command

    command.set_status(email, "disabled")


@user.command("enable")
def user_enable(email: Annotated[str, typer.Argument(help="Whose.")]) -> None:
    """Let an account in again, by a new login."""
    from groundwork_command.commands import users as command

    command.set_status(email, "active")


@user.command("list")
def user_list(*, as_json: Json = False) -> None:
    """List the accounts."""
    from groundwork_command.commands import users as command

    command.show("json" if as_json else "text")


@keys.command("rotate")
def keys_rotate(*, as_json: Json = False) -> None:
    """Sign access tokens with a new key from now on. Nobody is logged out."""
    from groundwork_command.commands import keys as command

    command.rotate("json" if as_json else "text")


@sources.command("import")
def sources_import(
    file: Annotated[Path, typer.Argument(help="OPML, or one address a line.")],
    *,
    as_json: Json = False,
) -> None:
    """Watch every feed of a file. Safe to run again."""
    from groundwork_command.commands import sources_import as command

    command.import_sources(file, "json" if as_json else "text")


@queues.command("show")
def queues_show(*, as_json: Json = False) -> None:
    """List the queues with what waits in each."""
    from groundwork_command.commands import queues as command

    command.show("json" if as_json else "text")


@queues.command("redrive")
def queues_redrive(
    queue: Annotated[str, typer.Argument(help="The queue, as `fetch` or `FetchQueue`.")],
    *,
    as_json: Json = False,
) -> None:
    """Give the dead letters of a queue another try."""
    from groundwork_command.commands import queues as command

    command.redrive(queue, "json" if as_json else "text")


@app.command()
def openapi(
    *,
    write: Annotated[
        bool, typer.Option("--write", help="Write the file that is served instead of printing.")
    ] = False,
) -> None:
    """Print the API's OpenAPI document, made from the code of every HTTP function."""
    from groundwork_command.commands import openapi as command

    (command.write if write else command.show)()


Fresh = Annotated[
    bool, typer.Option("--fresh", help="Begin at the start, not where a killed run was.")
]


@graph.command("verify")
def graph_verify(*, fresh: Fresh = False, as_json: Json = False) -> None:
    """Compare every entity and relationship; exit code 1 on drift."""
    from groundwork_command.commands import graph as command

    command.verify("json" if as_json else "text", "anew" if fresh else "go on")


@graph.command("repair")
def graph_repair(*, as_json: Json = False) -> None:
    """Make the graph what Postgres says, deletions included."""
    from groundwork_command.commands import graph as command

    command.repair("json" if as_json else "text")


@graph.command("rebuild")
def graph_rebuild(
    *,
    fresh: Fresh = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="By Neo4j's bulk import, while all is stopped.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Fill the graph from Postgres, while readers and the relay go on, or offline."""
    if offline:
        from groundwork_command.commands import graph_offline

        return graph_offline.rebuild("json" if as_json else "text")
    from groundwork_command.commands import graph as command

    return command.rebuild("json" if as_json else "text", "anew" if fresh else "go on")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to; a file that is there is not replaced.")],
    *,
    as_json: Json = False,
) -> None:
    """Write all of Postgres into one file, while everything goes on."""
    from groundwork_command.commands import backup as command

    command.backup(file, "json" if as_json else "text")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `groundwork backup` wrote.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace data that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Make a backup the database, all of it or nothing."""
    from groundwork_command.commands import restore as command

    command.restore(file, "anything" if force else "empty", "json" if as_json else "text")


app.add_typer(user, name="user")
app.add_typer(keys, name="keys")
app.add_typer(sources, name="sources")
app.add_typer(queues, name="queues")
app.add_typer(graph, name="graph")
