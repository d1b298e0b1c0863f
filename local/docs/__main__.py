"""`python -m local.docs`: write every generated page."""

from local.docs.pages import pages

for path, text in pages().items():
    path.write_text(text)
    print(path)
