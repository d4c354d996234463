"""Analysis: what a bank of filters does at ears and around the rig, against what was asked."""
