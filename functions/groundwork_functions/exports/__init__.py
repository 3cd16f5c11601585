"""The function that writes the exports of schedules."""
