//! The few shapes that charts are made of.

use crate::text::escape;

/// The size of every chart; pages scale it.
pub const WIDTH: f64 = 960.0;
pub const HEIGHT: f64 = 340.0;
/// Where the data is drawn.
pub const LEFT: f64 = 56.0;
pub const RIGHT: f64 = WIDTH - 8.0;
pub const TOP: f64 = 44.0;
pub const BOTTOM: f64 = HEIGHT - 28.0;

/// Maps values to places, linearly.
#[derive(Clone, Copy)]
pub struct Scale {
    pub values: (f64, f64),
    pub places: (f64, f64),
}

impl Scale {
    /// The vertical scale of a chart, for values from `low` to `high`.
    pub fn vertical(low: f64, high: f64) -> Self {
        Self { values: (low, high), places: (BOTTOM, TOP) }
    }

    pub fn at(self, value: f64) -> f64 {
        let ((low, high), (from, to)) = (self.values, self.places);
        from + (value - low) / (high - low) * (to - from)
    }
}

/// Round numbers that enclose `low` to `high`: about six, at least two.
pub fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = ((high - low) / 5.0).max(1e-3);
    let magnitude = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * magnitude).find(|step| *step >= rough);
    let step = step.unwrap_or(magnitude);
    let (first, last) = ((low / step).floor(), (high / step).ceil().max((low / step).floor() + 1.0));
    (0..=(last - first) as usize).map(|index| (first + index as f64) * step).collect()
}

/// The horizontal lines of a chart with their labels.
pub fn grid(scale: Scale, ticks: &[f64], unit: &str) -> String {
    let line = |tick: &f64| {
        let y = scale.at(*tick);
        let label = format!("{}{}", tick.to_string().replace('-', "−"), unit);
        let class = if *tick == 0.0 { "zero" } else { "grid" };
        format!(r#"<path class="{class}" d="M{LEFT} {y:.1}H{RIGHT}"/>"#) + &text("end", LEFT - 8.0, y + 4.0, &label)
    };
    ticks.iter().map(line).collect()
}

/// A label; `anchor` is `start`, `middle` or `end`.
pub fn text(anchor: &str, x: f64, y: f64, content: &str) -> String {
    format!(r#"<text class="{anchor}" x="{x:.1}" y="{y:.1}">{}</text>"#, escape(content))
}

/// A bar with a tooltip.
pub fn bar(class: &str, (x, width): (f64, f64), (top, bottom): (f64, f64), tip: &str) -> String {
    let height = (bottom - top).max(0.0);
    let tip = escape(tip);
    format!(
        r#"<rect class="{class}" x="{x:.2}" y="{top:.1}" width="{width:.2}" height="{height:.1}"><title>{tip}</title></rect>"#
    )
}

/// A dot with a tooltip.
pub fn dot(class: &str, x: f64, y: f64, tip: &str) -> String {
    format!(r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="4"><title>{}</title></circle>"#, escape(tip))
}

/// The points of a path, joined.
pub fn points<'a>(points: impl IntoIterator<Item = &'a (f64, f64)>) -> String {
    let points: Vec<String> = points.into_iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    points.join("L")
}

/// A row of colours and what they mean, above the data.
pub fn legend(entries: &[(&str, &str)]) -> String {
    let mut x = LEFT;
    let mut legend = String::new();
    for (class, label) in entries {
        legend += &format!(r#"<rect class="{class}" x="{x:.0}" y="8" width="12" height="12" rx="2"/>"#);
        legend += &text("start", x + 18.0, 18.5, label);
        // Letters of the fonts in use are about this wide.
        x += 42.0 + 6.6 * label.chars().count() as f64;
    }
    legend
}

/// A whole chart. `title` and `description` are for those who cannot see it.
pub fn document(title: &str, description: &str, body: &str) -> String {
    let (title, description) = (escape(title), escape(description));
    let style = include_str!("chart.css");
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}"><title>{title}</title><desc>{description}</desc><style>{style}</style>{body}</svg>"#
    )
}

/// A chart of nothing.
pub fn empty(title: &str) -> String {
    document(title, "There is no data.", &text("middle", WIDTH / 2.0, HEIGHT / 2.0, "No data"))
}
