"""Schedules as data: fetch sources or queue jobs at times that users set."""
