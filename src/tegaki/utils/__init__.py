"""Small tools without a home: text, HTTP headers, tables, locks of folders."""
