"""Weights as bytes: int8 with one step for a column, and a check that tells apart what shares a bucket."""

from dataclasses import dataclass

import numpy as np

from bridge.scoring.features import GRAM_BITS
from training.fitting import Array

BUCKETS = GRAM_BITS


@dataclass(frozen=True)
class Packed:
    """weights * step are the values."""

    weights: Array
    step: Array
    check: Array = None

    def values(self) -> Array:
        """As the scorer has them."""
        return (self.weights * self.step).astype(np.float32)


def packed_table(table: Array) -> Packed:
    """Columns of weights; the largest of a column is 127 steps."""
    step = (np.abs(table).max(0) / 127).astype(np.float32)
    return Packed(np.round(table / step).astype(np.int8), step)


def packed_grams(keys: Array, weights: Array, often: Array, most: int = 90_000) -> Packed:
    """2**BUCKETS x 2 weights with their checks. Those that move least, weight by frequency, are left out."""
    moves = np.abs(weights).max(1) * np.sqrt(often)
    kept = np.sort(np.argsort(-moves, kind="stable")[:most])
    bucket = keys[kept] >> np.uint32(32 - BUCKETS)
    # Few weights are large: the step follows the 99.9th percentile, what lies beyond is cut.
    step = (np.quantile(np.abs(weights), 0.999, axis=0) / 127).astype(np.float32)
    table = np.zeros((2**BUCKETS, 2), np.int8)
    check = np.zeros(2**BUCKETS, np.uint8)
    table[bucket] = np.clip(np.round(weights[kept] / step), -127, 127).astype(np.int8)
    check[bucket] = (keys[kept] & np.uint32(0xFF)).astype(np.uint8)
    check[(table == 0).all(1)] = 0
    return Packed(table, step, check)
