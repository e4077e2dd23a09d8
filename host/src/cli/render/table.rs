//! Columns that line up.

use super::paint::{Paint, Style};

/// Which side a column keeps straight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A cell of a table.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// Text in a style. Text from others goes through [`safe_text`](super::text::safe_text) first.
    pub fn new(style: Style, text: impl Into<String>) -> Self {
        Self { text: text.into(), style }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(Style::Plain, text)
    }
}

/// Rows of cells under a faint head, two spaces between columns, no lines.
#[derive(Debug)]
pub struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table with these columns.
    #[must_use]
    pub fn new(columns: &[(&'static str, Align)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Appends a row. Cells beyond the columns are left out, missing ones are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().take(self.columns.len()).collect());
    }

    /// The table as text, each line ended. Columns without any content are left out.
    #[must_use]
    pub fn render(&self, paint: Paint) -> String {
        let widths: Vec<usize> = (0..self.columns.len()).map(|column| self.width(column)).collect();
        let head = self.columns.iter().map(|(title, _)| Cell::new(Style::Faint, *title)).collect();
        let mut text = String::new();
        for row in std::iter::once(&head).chain(&self.rows) {
            self.line(&mut text, row, &widths, paint);
        }
        text
    }

    /// The width of a column with its head; 0 for a column whose cells are all empty.
    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| console::measure_text_width(&cell.text)).max().unwrap_or(0);
        if widest == 0 { 0 } else { widest.max(console::measure_text_width(self.columns[column].0)) }
    }

    fn line(&self, text: &mut String, row: &[Cell], widths: &[usize], paint: Paint) {
        let mut line = String::new();
        // Spaces owed; paid only when something follows, so that lines have no trailing blanks.
        let mut owed = 0;
        for ((cell, &width), &(_, align)) in row.iter().zip(widths).zip(&self.columns) {
            if width == 0 {
                continue;
            }
            let pad = width.saturating_sub(console::measure_text_width(&cell.text));
            let (before, after) = if align == Align::Right { (pad, 0) } else { (0, pad) };
            owed += before;
            if !cell.text.is_empty() {
                line.extend(std::iter::repeat_n(' ', owed));
                line.push_str(&paint.text(cell.style, &cell.text));
                owed = 0;
            }
            owed += after + 2;
        }
        text.push_str(&line);
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_empty_ones_vanish() {
        let mut table = Table::new(&[
            ("step", Align::Left),
            ("time", Align::Right),
            ("never", Align::Right),
            ("note", Align::Left),
        ]);
        table.row(["größe".into(), "1.20 s".into(), "".into(), Cell::new(Style::Bad, "failed")]);
        table.row(["日本".into(), "350 ms".into()]);
        table.row(["a".into(), "".into(), "".into(), "x".into()]);
        insta::assert_snapshot!(table.render(Paint { color: false }), @r"
        step     time  note
        größe  1.20 s  failed
        日本   350 ms
        a              x
        ");
    }

    #[test]
    fn colour_does_not_change_widths() {
        let mut table = Table::new(&[("a", Align::Left), ("b", Align::Left)]);
        table.row([Cell::new(Style::Good, "ok"), "x".into()]);
        assert_eq!(table.render(Paint { color: true }), "\x1b[2ma\x1b[0m   \x1b[2mb\x1b[0m\n\x1b[32mok\x1b[0m  x\n");
    }
}
