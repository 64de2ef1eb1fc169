"""Tables and lists that other people saved: encodings, separators, names of columns, times."""

from voxcor.tables.delimited import BYTE_ORDER_MARK as BYTE_ORDER_MARK
from voxcor.tables.delimited import MOST_COLUMNS as MOST_COLUMNS
from voxcor.tables.delimited import MOST_LINE as MOST_LINE
from voxcor.tables.delimited import csv_text as csv_text
from voxcor.tables.delimited import lines_of as lines_of
from voxcor.tables.delimited import listed_names as listed_names
from voxcor.tables.delimited import read_csv as read_csv
