"""The job_timer function."""
