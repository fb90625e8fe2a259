"""Words of the product as frozen records: no input or output, standard library and msgspec only."""
