"""Findings for other programs: code scanning, annotations of a change, test results."""
