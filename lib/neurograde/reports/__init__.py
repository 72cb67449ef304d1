"""Figures, tables and the page made of them: records of the store in, HTML, SVG and CSV out.

chain       an evaluation and everything it was made from, followed by digest
account     energy and emissions of a chain
leaks       the leak experiments among the evaluations, and the searches beside them
blocks      the parts of a page: figures, tables, numbers, commands
tables      the builder of every table: a column is declared once, for the page and the CSV file
metrics     the catalogue of metrics: names, formats, and the metrics of each table
numbers     the format of numbers
sections    one chapter of the page each
figures     one kind of figure each, all drawn in the one style of `figures.style`
page        the sections in order, rendered by the templates
"""
