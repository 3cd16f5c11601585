"""REST: resources, their actions, health, and the documentation of every HTTP function."""

from groundwork_rest_api import documents, health, pages, resources, sources
from groundwork_runtime.http.application import Application
from groundwork_runtime.http.router import Router

router = Router()
for area in (resources, sources, documents, health, pages):
    router.include(area.router)

handler = Application(router)
