"""The `groundwork` command. Each subcommand imports its module only when it runs."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from groundwork_command.access_commands import keys, user
from groundwork_command.options import Json

app = typer.Typer(
    help="Run and maintain Groundwork: feeds, documents, entities, a graph and live events.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
sources = typer.Typer(help="Import sources.", no_args_is_help=True)
graph = typer.Typer(
    help="Compare the graph with Postgres, repair it or rebuild it.", no_args_is_help=True
)
queues = typer.Typer(help="Show the queues and retry dead letters.", no_args_is_help=True)


@app.command()
def up() -> None:
    """Start all services and functions in the foreground; Ctrl-C stops them."""
    from groundwork_command.commands import up as command

    command.up()


@app.command()
def serve() -> None:
    """Serve functions on services that run elsewhere; no migration, no first admin."""
    from groundwork_command.commands import serve as command

    command.serve()


@app.command()
def bootstrap(*, as_json: Json = False) -> None:
    """Create what a migrated deployment lacks: queues, keys, the first admin."""
    from groundwork_command.commands import bootstrap as command

    command.bootstrap("json" if as_json else "text")


@app.command()
def down() -> None:
    """Stop the running instance of this state folder."""
    from groundwork_command.commands import down as command

    command.down()


@app.command()
def demo() -> None:
    """Ingest a few bundled sample feeds and query the graph about them."""
    from groundwork_command.commands import demo as command

    command.demo()


@app.command()
def doctor(
    *,
    env: Annotated[
        Literal["local", "dev", "staging", "prod"] | None,
        typer.Option(help="Check a deployment of this stage from outside, by its URL."),
    ] = None,
    url: Annotated[
        str, typer.Option(help="Its URL; default: GROUNDWORK_PUBLIC_URL.", show_default=False)
    ] = "",
    live_url: Annotated[
        str, typer.Option(help="URL of its sockets; default: /ws of the same host.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Check for problems that would keep Groundwork from running, with the fix for each.

    With --env, check a deployment as its users reach it; GROUNDWORK_API_KEY may hold a key.
    """
    from groundwork_command.commands import doctor as command

    output: Literal["json", "text"] = "json" if as_json else "text"
    if env is None:
        command.doctor(output)
    else:
        command.doctor_outside(env, url, live_url, output)


@app.command()
def migrate(
    *,
    to: Annotated[
        str,
        typer.Option(
            help="Target revision of the Postgres schema; an older one undoes those after it, "
            "`base` undoes every migration."
        ),
    ] = "head",
    down: Annotated[int, typer.Option(min=0, help="Undo this many Postgres migrations.")] = 0,
    graph_to: Annotated[
        int | None, typer.Option(min=0, help="Last graph migration to keep; 0 undoes all of them.")
    ] = None,
    wait: Annotated[
        int, typer.Option(min=0, help="Seconds to wait for each database that does not respond.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Migrate Postgres and the graph to the newest schema. Safe to repeat or run in parallel."""
    from groundwork_command.commands import migrate as command

    command.migrate(f"-{down}" if down else to, graph_to, wait, "json" if as_json else "text")


@sources.command("import")
def sources_import(
    file: Annotated[
        Path, typer.Argument(help="An OPML file, or a text file with one feed URL per line.")
    ],
    *,
    as_json: Json = False,
) -> None:
    """Create a source for every feed in a file. Safe to repeat."""
    from groundwork_command.commands import sources_import as command

    command.import_sources(file, "json" if as_json else "text")


@queues.command("show")
def queues_show(*, as_json: Json = False) -> None:
    """List the queues with their numbers of waiting and in-flight messages."""
    from groundwork_command.commands import queues as command

    command.show("json" if as_json else "text")


@queues.command("redrive")
def queues_redrive(
    queue: Annotated[
        str, typer.Argument(help="Name of the queue, such as `fetch` or `FetchQueue`.")
    ],
    *,
    as_json: Json = False,
) -> None:
    """Move the dead letters of a queue back into it, to be processed again."""
    from groundwork_command.commands import queues as command

    command.redrive(queue, "json" if as_json else "text")


@app.command()
def openapi(
    *,
    write: Annotated[
        bool,
        typer.Option("--write", help="Write the file that the API serves instead of printing."),
    ] = False,
) -> None:
    """Print the OpenAPI document, generated from the code of the HTTP functions."""
    from groundwork_command.commands import openapi as command

    (command.write if write else command.show)()


@app.command()
def settings(
    *,
    write: Annotated[
        bool, typer.Option("--write", help="Write docs/settings.md instead of printing.")
    ] = False,
) -> None:
    """Print all settings with their defaults and meanings, as Markdown."""
    from groundwork_command.commands import settings_page as command

    (command.write if write else command.show)()


Fresh = Annotated[
    bool,
    typer.Option(
        "--fresh", help="Start from the beginning instead of resuming an interrupted run."
    ),
]


@graph.command("verify")
def graph_verify(*, fresh: Fresh = False, as_json: Json = False) -> None:
    """Compare every entity and relationship with Postgres; exit code 1 on drift."""
    from groundwork_command.commands import graph as command

    command.verify("json" if as_json else "text", "restart" if fresh else "resume")


@graph.command("repair")
def graph_repair(*, as_json: Json = False) -> None:
    """Update the graph to match Postgres, deletions included."""
    from groundwork_command.commands import graph as command

    command.repair("json" if as_json else "text")


@graph.command("rebuild")
def graph_rebuild(
    *,
    fresh: Fresh = False,
    offline: Annotated[
        bool,
        typer.Option("--offline", help="Use Neo4j's bulk import; the instance must be stopped."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Rebuild the graph from Postgres, online (readers and relay keep running) or offline."""
    if offline:
        from groundwork_command.commands import graph_offline

        return graph_offline.rebuild("json" if as_json else "text")
    from groundwork_command.commands import graph as command

    return command.rebuild("json" if as_json else "text", "restart" if fresh else "resume")


@app.command()
def backup(
    file: Annotated[
        Path, typer.Argument(help="File to write; an existing file is never overwritten.")
    ],
    *,
    as_json: Json = False,
) -> None:
    """Back up Postgres into one file, while the instance keeps running."""
    from groundwork_command.commands import backup as command

    command.backup(file, "json" if as_json else "text")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file written by `groundwork backup`.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace existing data.")] = False,
    as_json: Json = False,
) -> None:
    """Replace the database with a backup; on an error nothing is changed."""
    from groundwork_command.commands import restore as command

    command.restore(file, "anything" if force else "empty", "json" if as_json else "text")


app.add_typer(user, name="user")
app.add_typer(keys, name="keys")
app.add_typer(sources, name="sources")
app.add_typer(queues, name="queues")
app.add_typer(graph, name="graph")
