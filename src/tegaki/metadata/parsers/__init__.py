"""What blocks and texts in files hold: EXIF, XMP, IPTC, JSON."""
