"""What tries to break docsr: damaged and foreign files, kills, lost nodes."""
