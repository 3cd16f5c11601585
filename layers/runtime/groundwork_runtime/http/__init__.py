"""HTTP for all functions: a thin layer on Powertools' resolver.

router.py         registers operations and the permission that each requires
application.py    the Lambda handler: event in, proxy response out
endpoint.py       runs one handler: authenticate, decode, call, encode
authentication.py verifies access tokens and API keys
problem.py        maps errors to problem+json
resources.py      create, read, list, change and remove for any resource
openapi.py        generates the OpenAPI document
"""
