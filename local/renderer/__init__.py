"""A stand-in for Shotstack's Edit API that renders films with ffmpeg."""
