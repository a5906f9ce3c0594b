//! Columns that line up.

use std::io::{self, Write};

use crate::cli::escape;
use crate::cli::screen::Paint;

/// Rows of cells under a heading. A column that is empty throughout is left out.
pub(super) struct Table {
    heading: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(heading: &[&'static str]) -> Self {
        Self { heading: heading.to_vec(), rows: Vec::new() }
    }

    /// Adds a row of as many cells as there are columns; texts from outside may be among them.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| escape::line(&cell).into_owned()).collect());
    }

    pub(super) fn print(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let columns: Vec<(usize, usize)> = (0..self.heading.len()).filter_map(|at| self.column(at)).collect();
        let heading = columns.iter().map(|(at, width)| (self.heading[*at], *width));
        writeln!(out, "{}", paint.bold(aligned(heading)))?;
        for row in &self.rows {
            let cells = columns.iter().map(|(at, width)| (row.get(*at).map_or("", String::as_str), *width));
            writeln!(out, "{}", aligned(cells))?;
        }
        Ok(())
    }

    /// A column and its width, unless there is nothing in it.
    fn column(&self, at: usize) -> Option<(usize, usize)> {
        let widest = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell)).max()?;
        (widest > 0).then(|| (at, widest.max(width(self.heading[at]))))
    }
}

/// Cells padded to their widths, without blanks at the end.
pub(super) fn aligned<'a>(cells: impl Iterator<Item = (&'a str, usize)>) -> String {
    let mut line = String::new();
    for (cell, column) in cells {
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', column.saturating_sub(width(cell)) + 2));
    }
    line.truncate(line.trim_end().len());
    line
}

/// How many columns a text takes; near enough for names.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_empty_ones_vanish() {
        let mut table = Table::new(&["NAME", "EMPTY", "N"]);
        table.row(["é".to_owned(), String::new(), "1".to_owned()]);
        table.row(["longer name".to_owned(), String::new(), "\u{1b}".to_owned()]);
        let mut out = Vec::new();
        table.print(&mut out, Paint::plain()).unwrap();
        let expected = "NAME         N\né            1\nlonger name  \\u{1b}\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
