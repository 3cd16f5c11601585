"""One mechanism for every REST resource: read, list, create, change, remove.

Adding a resource is a table, its models, its rules and one registration
(docs/adding-a-resource.md).
"""
