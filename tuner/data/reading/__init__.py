"""From files of any kind to labelled texts: bytes, rows, columns, cleaning."""
