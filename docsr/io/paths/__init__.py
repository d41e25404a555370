"""Files and folders: finding inputs, naming outputs, writing them complete or not at all, and the manifest."""
