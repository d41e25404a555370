"""Handle paths: find inputs, name outputs, write them complete or not at all, and keep the manifest."""
