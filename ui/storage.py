"""Static files for a city: hashed names, also inside script modules, and gzip beside each file."""

from whitenoise.storage import (  # type: ignore[import-untyped]
    CompressedManifestStaticFilesStorage,
)


class ScreenStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Names carry the digest of the content, so browsers keep them for ever and never stale."""

    support_js_module_import_aggregation = True
    max_post_process_passes = 12
    """How deep modules may import one another: each pass settles the names of one more layer."""
