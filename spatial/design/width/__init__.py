"""Width: what the two ears should differ by, as an all-pass (ipsilateral) and a delayed low-pass (contralateral) filter."""
