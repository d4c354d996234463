"""Many small matrix products, one BLAS thread.

BLAS libraries start threads for products of 80 x 80 and less. Where hundreds of them follow each other the threads cost more than they
give, and where other programs want the cores they spin against them: ten times slower on a busy machine.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def one_blas_thread() -> AbstractContextManager[Any]:
    """``with one_blas_thread(): ...``: BLAS works on the calling thread alone."""
    limited: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limited
