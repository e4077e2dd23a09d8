//! The few elements that the page is made of. Text given to `page` and `section` as `body`, to `figure` and to
//! `table` as cells is HTML already; everything else is escaped here.

use crate::text::escape;

/// The whole page. The policy in it keeps whatever came in with the charts from running or loading anything.
pub fn page(title: &str, body: &str) -> String {
    let (title, style) = (escape(title), include_str!("report.css"));
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}</main>
<footer>Made by a stepmill pipeline. This page runs no scripts and loads nothing.</footer>
</body>
</html>
"#
    )
}

pub fn section(heading: &str, body: &str) -> String {
    format!("<section>\n<h2>{}</h2>\n{body}</section>\n", escape(heading))
}

/// A chart above its caption.
pub fn figure(svg: &str, caption: &str) -> String {
    format!("<figure><div class=\"wide\">{svg}</div><figcaption>{}</figcaption></figure>\n", escape(caption))
}

/// A table that scrolls on its own where the screen is narrow. Columns whose heading starts with `#` hold numbers.
pub fn table(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let is_number: Vec<bool> = headings.iter().map(|heading| heading.starts_with('#')).collect();
    let class = |column: usize| if is_number.get(column) == Some(&true) { r#" class="number""# } else { "" };
    let mut table = String::from("<div class=\"wide\"><table><thead><tr>");
    for (column, heading) in headings.iter().enumerate() {
        table += &format!("<th scope=\"col\"{}>{}</th>", class(column), escape(heading.trim_start_matches('#')));
    }
    table += "</tr></thead><tbody>\n";
    for row in rows {
        let cells = row.iter().enumerate().map(|(column, cell)| format!("<td{}>{cell}</td>", class(column)));
        table += &format!("<tr>{}</tr>\n", cells.collect::<String>());
    }
    table + "</tbody></table></div>\n"
}
