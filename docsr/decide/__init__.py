"""What a page needs: the size of its text, and from that a factor and an upscaler."""
