"""How every driver of a rig reaches ears and far-away directions: physics alone, without a wish.

From a notebook: ``transfer.transfer_matrix`` at ``points.Ears``, ``points.FarField`` or ``points.AtRange``, ``transfer.pressure_at``,
``head.ear_responses`` of the rigid sphere, ``measured_head.MeasuredHead``, ``room.images`` and ``harmonics.Harmonics``.
"""
