"""Read the answers of sources other than feeds: sitemaps, pages and JSON APIs."""
