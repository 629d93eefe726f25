"""Reads Mapbox Vector Tiles as far as the tests need: layer names and attributes."""

from collections.abc import Iterator
from typing import Any

LAYERS, NAME, FEATURES, KEYS, VALUES, TAGS = 3, 1, 2, 3, 4, 2
STRING = 1


def decode(tile: bytes) -> dict[str, list[dict[str, Any]]]:
    """The attributes of every feature by layer name (MVT 2.1)."""
    found: dict[str, list[dict[str, Any]]] = {}
    for number, layer in _fields(tile):
        if number == LAYERS:
            parts = list(_fields(layer))
            name = next(value for key, value in parts if key == NAME).decode()
            keys = [value.decode() for key, value in parts if key == KEYS]
            values = [_value(value) for key, value in parts if key == VALUES]
            features = [value for key, value in parts if key == FEATURES]
            found[name] = [_attributes(feature, keys, values) for feature in features]
    return found


def _attributes(feature: bytes, keys: list[str], values: list[str | int]) -> dict[str, Any]:
    for number, packed in _fields(feature):
        if number == TAGS:
            tags = list(_varints(packed))
            pairs = zip(tags[::2], tags[1::2], strict=True)
            return {keys[key]: values[value] for key, value in pairs}
    return {}


def _value(message: bytes) -> str | int:
    number, value = next(_fields(message))
    return value.decode() if number == STRING else int(value)


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value of each field of a protocol-buffer message."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        if tag & 7 == 2:
            length, position = _varint(message, position)
            yield tag >> 3, message[position : position + length]
            position += length
        else:
            value, position = _varint(message, position)
            yield tag >> 3, value


def _varints(packed: bytes) -> Iterator[int]:
    position = 0
    while position < len(packed):
        value, position = _varint(packed, position)
        yield value


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7
