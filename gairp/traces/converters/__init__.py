"""Converters: the original files of a public source become the project's tables.

One module a dataset. Each has

    convert(folder, **options) -> {table name: table}

where `folder` holds the original files under the paths that they have in their repository and
`options` come from the dataset's YAML. A table is a pandas frame, a numpy array, or a mapping
that JSON can hold. Converters touch no network and write nothing.
"""
