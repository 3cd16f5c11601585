"""Read the responses of sources other than feeds: sitemaps, pages and JSON APIs."""
