"""Thumbnails of users' pictures, each drawn once."""

_THUMBNAILS = {}


def thumbnail(user_id, edge):
    """The picture of a user, `edge` pixels high and wide, as RGBA."""
    key = user_id, edge
    if key not in _THUMBNAILS:
        _THUMBNAILS[key] = draw(edge)
    return _THUMBNAILS[key]


def draw(edge):
    return bytearray(4 * edge * edge)  # planted: users_app.thumbnails._THUMBNAILS
