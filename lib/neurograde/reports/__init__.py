"""Figures, tables and the page made of them: records of the store in, HTML, SVG and CSV out.

chain       an evaluation and everything it was made from, followed by digest
account     energy and emissions of a chain
blocks      what a page is built from: figures, tables, numbers, commands
sections    one chapter of the page each
figures     one kind of figure each, all drawn in the one style of `figures.style`
page        the sections in order, rendered by the templates
"""
