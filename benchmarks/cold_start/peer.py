"""The peer: the same read as our rest_api's, by FastAPI and SQLAlchemy under Mangum."""

from mangum import Mangum

from benchmarks.api.peer_sync import app

handler = Mangum(app, lifespan="off")
