"""The operations of every REST resource: read, list, create, change, delete.

A new resource needs a table, its models, its rules and one registration
(docs/adding-a-resource.md).
"""
