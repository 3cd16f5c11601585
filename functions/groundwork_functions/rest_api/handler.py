"""Handler of the rest_api function: resources, their actions, health, and documentation."""

from groundwork_runtime.http.application import Application
from groundwork_runtime.http.router import LazyRouters

router = LazyRouters(
    {
        "/api/v1/api-keys": "groundwork_functions.rest_api.api_keys",
        "/api/v1/audit-events": "groundwork_functions.rest_api.audit_events",
        "/api/v1/configurations": "groundwork_functions.rest_api.configurations",
        "/api/v1/contents": "groundwork_functions.rest_api.contents",
        "/api/v1/deliveries": "groundwork_functions.rest_api.deliveries",
        "/api/v1/distributions": "groundwork_functions.rest_api.distributions",
        "/api/v1/documents": "groundwork_functions.rest_api.documents",
        "/api/v1/embeddings": "groundwork_functions.rest_api.embeddings",
        "/api/v1/engagements": "groundwork_functions.rest_api.engagements",
        "/api/v1/entities": "groundwork_functions.rest_api.entities",
        "/api/v1/exports": "groundwork_functions.rest_api.exports",
        "/api/v1/hosts": "groundwork_functions.rest_api.hosts",
        "/api/v1/ingestion": "groundwork_functions.rest_api.ingestion",
        "/api/v1/jobs": "groundwork_functions.rest_api.jobs",
        "/api/v1/preference-schemas": "groundwork_functions.rest_api.preference_schemas",
        "/api/v1/preferences": "groundwork_functions.rest_api.preferences",
        "/api/v1/publishers": "groundwork_functions.rest_api.publishers",
        "/api/v1/push": "groundwork_functions.rest_api.push",
        "/api/v1/relationships": "groundwork_functions.rest_api.relationships",
        "/api/v1/roles": "groundwork_functions.rest_api.roles",
        "/api/v1/schedules": "groundwork_functions.rest_api.schedules",
        "/api/v1/sources": "groundwork_functions.rest_api.sources",
        "/api/v1/users": "groundwork_functions.rest_api.users",
        "/api/v1/webhooks": "groundwork_functions.rest_api.webhooks",
        "/health": "groundwork_functions.rest_api.health",
        "/openapi.json": "groundwork_functions.rest_api.openapi",
        "/docs": "groundwork_functions.rest_api.pages",
    }
)
handler = Application(router)
