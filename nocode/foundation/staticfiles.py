"""Fingerprints static files for production, our ES modules included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class FingerprintedFiles(CompressedManifestStaticFilesStorage):
    """Also rewrites the `import` lines under static/js/, so that a browser never mixes old modules with new ones.

    Only ours: libraries bundle examples of imports, in comments, of files they do not ship.
    """

    max_post_process_passes = 20  # each pass fingerprints what imports only what is done: modules import in a chain

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]),
    )
