"""Adapters for AWS services and their local emulator."""
