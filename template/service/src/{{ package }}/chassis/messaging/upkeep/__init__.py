"""The janitor, which trims, purges and removes what nobody needs; and the audit."""
