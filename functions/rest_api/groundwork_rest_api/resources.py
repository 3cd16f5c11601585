"""The resources that are served: one line each (docs/adding-a-resource.md)."""

from groundwork_core.documents.resource import DOCUMENTS
from groundwork_core.jobs.resource import JOBS
from groundwork_core.knowledge.resources import ENTITIES, RELATIONSHIPS
from groundwork_core.sources.resource import SOURCES
from groundwork_rest_api.consequences import follow_job, follow_source
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router

router = Router()
ResourceRoutes(ENTITIES).register(router)
ResourceRoutes(RELATIONSHIPS).register(router)
ResourceRoutes(DOCUMENTS).register(router)
ResourceRoutes(SOURCES, follow_source).register(router)
ResourceRoutes(JOBS, follow_job).register(router)
