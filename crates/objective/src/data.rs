//! Real data, embedded in the binary: see `data/README.md` for sources, licences and checksums.

use std::sync::OnceLock;

/// Features and targets of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Features, `rows` × `columns`, row-major, as measured.
    pub features: Vec<f64>,
    /// One target per row: the class or the response.
    pub targets: Vec<f64>,
    /// Number of samples.
    pub rows: usize,
    /// Number of features.
    pub columns: usize,
    /// Name of each feature.
    pub names: Vec<String>,
}

impl Dataset {
    /// Features of one sample. Panics if there is no such row.
    pub fn row(&self, index: usize) -> &[f64] {
        &self.features[index * self.columns..(index + 1) * self.columns]
    }

    /// Columns shifted to mean 0 and scaled by `scale(column)`, row-major. A constant column becomes 0.
    fn centred(&self, scale: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        let mut out = self.features.clone();
        for j in 0..self.columns {
            let mut column: Vec<f64> = (0..self.rows).map(|i| self.features[i * self.columns + j]).collect();
            centre(&mut column);
            let size = scale(&column);
            for (i, v) in column.iter().enumerate() {
                out[i * self.columns + j] = if size > 0.0 { v / size } else { 0.0 };
            }
        }
        out
    }

    /// Columns with mean 0 and Euclidean norm 1, row-major.
    pub fn unit_columns(&self) -> Vec<f64> {
        self.centred(dinlab_numeric::norm)
    }

    /// Columns with mean 0 and variance 1 (divisor: number of rows), row-major.
    pub fn standardised_columns(&self) -> Vec<f64> {
        self.centred(|column| dinlab_numeric::norm(column) / (self.rows as f64).sqrt())
    }
}

/// Subtracts the mean.
pub(crate) fn centre(column: &mut [f64]) {
    let mean = dinlab_numeric::sum(column) / column.len() as f64;
    column.iter_mut().for_each(|v| *v -= mean);
}

/// Breast Cancer Wisconsin (Diagnostic): 569 × 30, target 0 malignant, 1 benign.
pub fn breast_cancer() -> &'static Dataset {
    static SET: OnceLock<Dataset> = OnceLock::new();
    SET.get_or_init(|| {
        let text = include_str!("../../../data/breast_cancer.csv");
        let measured =
            "radius texture perimeter area smoothness compactness concavity concave-points symmetry \
                        fractal-dimension";
        let names = ["mean", "error", "worst"]
            .iter()
            .flat_map(|statistic| measured.split_whitespace().map(move |name| format!("{statistic} {name}")))
            .collect();
        last_column_is_target(table(text.lines().skip(1), ','), names)
    })
}

/// Diabetes data of Efron, Hastie, Johnstone and Tibshirani: 442 × 10 as measured, target disease progression.
pub fn diabetes() -> &'static Dataset {
    static SET: OnceLock<Dataset> = OnceLock::new();
    SET.get_or_init(|| {
        let (features, columns) = table(include_str!("../../../data/diabetes_data_raw.csv").lines(), ' ');
        let (targets, _) = table(include_str!("../../../data/diabetes_target.csv").lines(), ' ');
        let names = "age sex bmi bp s1 s2 s3 s4 s5 s6".split(' ').map(str::to_owned).collect();
        Dataset { rows: targets.len(), features, targets, columns, names }
    })
}

/// Handwritten digits: 1797 × 64 pixels from 0 to 16 (8×8 images row by row), target the digit.
pub fn digits() -> &'static Dataset {
    static SET: OnceLock<Dataset> = OnceLock::new();
    SET.get_or_init(|| {
        let names = (0..64).map(|i| format!("pixel {},{}", i / 8, i % 8)).collect();
        last_column_is_target(table(include_str!("../../../data/digits.csv").lines(), ','), names)
    })
}

/// A vertex of a published curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vertex {
    /// Curve: `a`, `b` or `c`, the panel of the same figure that shows its path.
    pub panel: char,
    /// Iteration, not whole: the drawing's resolution is about one.
    pub iteration: f64,
    /// log₁₀ J, to about 2·10⁻⁴.
    pub log10_value: f64,
}

/// Published curves of Figure 1(d) of JMLR 22(134), 2021: curve by curve in the order of drawing. Iterations rise,
/// but for steps back of less than 20 iterations near the end of curve `c`: sort before interpolating.
pub fn jmlr_figure_1d() -> &'static [Vertex] {
    static CURVES: OnceLock<Vec<Vertex>> = OnceLock::new();
    CURVES.get_or_init(|| {
        let text = include_str!("../../../data/jmlr-figure-1d.csv");
        let rows = text.lines().filter(|line| !line.starts_with('#')).skip(1);
        rows.filter_map(|line| {
            let (panel, rest) = line.split_once(',')?;
            let (iteration, value) = rest.split_once(',')?;
            Some(Vertex {
                panel: panel.chars().next()?,
                iteration: number(iteration),
                log10_value: number(value),
            })
        })
        .collect()
    })
}

/// All numbers of a table, row-major, and its number of columns.
fn table<'a>(lines: impl Iterator<Item = &'a str>, separator: char) -> (Vec<f64>, usize) {
    let (mut numbers, mut rows) = (Vec::new(), 0);
    for line in lines.filter(|line| !line.is_empty()) {
        numbers.extend(line.split(separator).map(number));
        rows += 1;
    }
    let columns = numbers.len() / rows;
    (numbers, columns)
}

fn number(text: &str) -> f64 {
    text.trim().parse().expect("the embedded files hold numbers: their checksums are tested")
}

fn last_column_is_target((numbers, width): (Vec<f64>, usize), names: Vec<String>) -> Dataset {
    let rows = numbers.len() / width;
    let (mut features, mut targets) = (Vec::with_capacity(rows * (width - 1)), Vec::with_capacity(rows));
    for row in numbers.chunks(width) {
        features.extend_from_slice(&row[..width - 1]);
        targets.push(row[width - 1]);
    }
    Dataset { features, targets, rows, columns: width - 1, names }
}
