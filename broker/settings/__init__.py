"""The files of config/: read, checked as a whole, and swapped as a whole. Import the modules you need; the models cost time."""
