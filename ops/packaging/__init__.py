"""Packaging and deployment: project.yml in, a staged tree and a verified deployment out."""
