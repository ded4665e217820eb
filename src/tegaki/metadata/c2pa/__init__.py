"""C2PA manifests: read by contentauth's library, interpreted as claims, trusted or not."""
