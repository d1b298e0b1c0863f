"""What of an installed package a function does not need, and what has to lie on disk instead of in a zip."""

from fnmatch import fnmatch

# Followed import by import instead of taken whole: their packages hold far more than a function uses.
TRACED = ("appwrite",)

_NEVER = (
    "*.dist-info/*",
    "*/__pycache__/*",
    "*.pyc",
    "*.pyi",
    "*.pyx",
    "*.pxd",
    "*.c",
    "*.h",
    "*/py.typed",
    "*/tests/*",
    "../*",
    "annotated_types/test_cases.py",
    "anyio/pytest_plugin.py",
    "anyio/_backends/_trio.py",
    "dateutil/zoneinfo/rebuild.py",
    "dateutil/tz/win.py",
    "dateutil/tzwin.py",
    # What only packages load that the lock does not hold: h2, socksio and trio.
    "httpcore/_async/http2.py",
    "httpcore/_async/socks_proxy.py",
    "httpcore/_backends/trio.py",
    "httpcore/_sync/http2.py",
    "httpcore/_sync/socks_proxy.py",
    "httpx/_main.py",
    "idna/__main__.py",
    "idna/cli.py",
    "pydantic/mypy.py",
    "pydantic/v1/*",
    "tenacity/tornadoweb.py",
    # Pillow's parts for AVIF, fonts, colour profiles and Tk, with the libraries that only they load.
    "PIL/_avif*",
    "PIL/_imagingft*",
    "PIL/_imagingcms*",
    "PIL/_imagingtk*",
    "pillow.libs/libavif*",
    "pillow.libs/libfreetype*",
    "pillow.libs/libharfbuzz*",
    "pillow.libs/libbrotli*",
    "pillow.libs/libpng*",
    "pillow.libs/liblcms2*",
)


def wanted(path: str) -> bool:
    """Tell whether a file of an installed distribution is shipped; `path` is relative, with slashes."""
    return not any(fnmatch(path, pattern) for pattern in _NEVER)


def needs_disk(paths: list[str]) -> bool:
    """Tell whether a package holds natives or data, which a zip cannot give to the loader."""
    return any(not path.endswith(".py") for path in paths)
