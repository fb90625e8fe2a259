"""Blocks of the table encoder: each turns one feature into a few columns of numbers.

Every block has a batch path (`fill`) and a row path (`row`). Both use only additions,
multiplications, divisions, square roots and table look-ups in double precision, which IEEE 754
defines exactly: that is why they agree to the last bit.
"""
