"""Reports: what a study's runs add up to, as tables, figures and one verdict.

`write_report` (write.py) makes all of it; `summarise` (summary.py) gives the numbers alone;
`save_study` and `load_study` (folder.py) keep a study; `python -m gairp.report` remakes one.
"""
