"""HTTP: pages for people, endpoints for applications. Knows Flask; no SQL, no rule."""
