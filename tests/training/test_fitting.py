"""The models behind the embedded scorer, on data small enough to see through."""

import numpy as np
from scipy import sparse

from training.calibration import confidence_curve
from training.fitting import Rows, fit_network, fit_sparse, fitted_bias, macro_f1, softmax, together
from training.packing import packed_grams, packed_table

RNG = np.random.default_rng(0)
LABELS = np.tile([0, 1, 2], 200)
ROWS = Rows(LABELS, np.array(["a", "b"] * 300))
INPUTS = np.eye(3)[LABELS] + RNG.normal(0, 0.1, (600, 3))


def test_a_sparse_model_learns_which_feature_means_which_label() -> None:
    weights = fit_sparse(sparse.csr_matrix(np.eye(3)[LABELS]), ROWS, 0.1)
    assert weights.argmax(1).tolist() == [0, 1, 2]


def test_a_network_learns_what_can_be_told_apart_and_so_does_their_mean() -> None:
    networks = [fit_network(INPUTS, ROWS, seed) for seed in (0, 1)]
    logits = together(networks).logits(INPUTS.astype(np.float32))
    assert macro_f1(LABELS, logits.argmax(1)) == 1
    assert np.allclose(logits, np.mean([one.logits(INPUTS.astype(np.float32)) for one in networks], 0), atol=1e-4)


def test_the_same_seed_gives_the_same_network() -> None:
    one, other = (fit_network(INPUTS, ROWS, 3, epochs=2) for _ in range(2))
    assert np.array_equal(one.a, other.a)


def test_a_label_that_a_source_never_gives_is_no_fault_of_the_model() -> None:
    rows = Rows(LABELS, np.where(LABELS == 1, "whole", np.array(["whole", "two"] * 300)))
    place, mask = rows.places()
    assert mask[place[LABELS == 1]].min() == 0
    assert mask.min() < -10


def test_the_bias_mends_a_model_that_leans() -> None:
    logits = np.eye(3)[LABELS] * 0.5 + [0.6, 0, 0]
    assert ((logits + fitted_bias(logits, ROWS)).argmax(1) == LABELS).all()


def test_macro_f1_is_the_mean_over_the_labels_that_occur() -> None:
    assert macro_f1(np.array([0, 0, 2, 2]), np.array([0, 1, 2, 2])) == (2 / 3 + 1) / 2


def test_confidence_never_falls_where_the_model_is_surer() -> None:
    chances = softmax(RNG.normal(0, 1.5, (4000, 3)))
    curve = confidence_curve(chances, RNG.integers(0, 3, 4000))
    assert (np.diff(curve["sure"]) >= 0).all()


def test_packed_weights_are_the_weights_to_half_a_step() -> None:
    table = RNG.normal(0, 1, (100, 4)).astype(np.float32)
    packed = packed_table(table)
    assert np.abs(packed.weights * packed.step - table).max() <= packed.step.max() * 0.51


def test_a_row_of_words_is_found_in_its_bucket_with_its_check() -> None:
    keys = np.array([0x12345678, 0xFEDCBA98], np.uint32)
    packed = packed_grams(keys, np.array([[1.0, -1.0], [-0.5, 0.5]]), np.array([5, 5]))
    buckets = keys >> np.uint32(14)
    assert packed.check[buckets].tolist() == [0x78, 0x98]
    assert packed.weights[buckets][:, 0].tolist() == [127, -64]
