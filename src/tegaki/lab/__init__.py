"""Where models are made and measured. Training needs the extra ``tegaki[lab]``."""
