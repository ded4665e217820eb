"""The ``tegaki`` command: thin functions over the library's."""
