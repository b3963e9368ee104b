//! `dinlab landscape eigenpairs`: the ends of the Hessian's spectrum, with vectors.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use dinlab_analysis::krylov::{eigenpairs, RitzPair};
use dinlab_numeric::{dot, norm, Stream};
use dinlab_record::figure::{Axis, Figure, Layer, Marker, Panel};
use dinlab_report::Table;
use serde_json::{json, Value};

use super::{
    check_memory, hessian,
    place::{Place, Resolved},
};
use crate::{
    args::Common,
    commands::train::npy_target,
    drawing,
    output::{self, number, Product},
    session::{Exit, Session},
    values,
};

/// Largest and smallest eigenvalues of the Hessian with vectors and residual bounds
#[derive(Debug, Args)]
pub struct Eigenpairs {
    #[command(flatten)]
    place: Place,
    /// Largest eigenvalues
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = values::positive_count, allow_hyphen_values = true)]
    count: u64,
    /// Smallest eigenvalues
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = values::count, allow_hyphen_values = true)]
    smallest: u64,
    /// Hessian-vector products at most
    #[arg(long, value_name = "M", default_value_t = 300, value_parser = values::positive_count, allow_hyphen_values = true)]
    products: u64,
    /// Residual at which it ends, as a share of the largest eigenvalue
    #[arg(long, value_name = "T", default_value_t = 1e-8, value_parser = values::positive, allow_hyphen_values = true)]
    tolerance: f64,
    /// Write the eigenvectors, one per column
    #[arg(long, value_name = "FILE.npy", value_parser = npy_target)]
    vectors: Option<PathBuf>,
    /// Draw eigenvalues and the gradient's share along them into a file: .svg or .png
    #[arg(long, value_name = "FILE", value_parser = drawing::target)]
    figure: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

impl Eigenpairs {
    /// Measures and hands over.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let seed = session.common.seed;
        let place = self.place.resolve(seed)?;
        let n = place.dimension();
        let whole = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        anyhow::ensure!(
            whole(self.count).saturating_add(whole(self.smallest)) <= n,
            "--count {} and --smallest {}: the Hessian has {n} eigenvalues",
            self.count,
            self.smallest
        );
        let steps = whole(self.products).min(n);
        check_memory("--products", steps, n)?;
        session.prepare(output::Format::ALL)?;
        let start = Stream::new(seed, "landscape/eigenpairs", 0).normals(n);
        let mut oracle = place.oracle();
        let mut products = 0;
        let pairs = {
            let mut operator = hessian(oracle.as_mut(), &place.theta);
            let mut counted = |v: &[f64], out: &mut [f64]| {
                products += 1;
                operator(v, out);
            };
            let wanted = [whole(self.count), whole(self.smallest)];
            eigenpairs(&mut counted, &start, steps, wanted, self.tolerance)
                .map_err(|error| anyhow::anyhow!("--at: the Hessian there: {error}"))?
        };
        let table = table(&place, &pairs);
        if let Some(file) = &self.vectors {
            let names = (1..=pairs.len()).map(|i| format!("vector_{i}")).collect();
            let rows = (0..n).map(|i| pairs.iter().map(|pair| pair.vector[i]).collect()).collect();
            dinlab_report::atomic::write(file, &dinlab_report::npy(&Table::new(names, rows)))
                .with_context(|| format!("--vectors {}", file.display()))?;
        }
        if let Some(file) = &self.figure {
            drawing::write(file, &figure(&place, &table))?;
        }
        let mut plan = self.place.plan("eigenpairs", seed, &place);
        let keys = [
            ("count", json!(self.count)),
            ("smallest", json!(self.smallest)),
            ("products", json!(self.products)),
            ("tolerance", json!(self.tolerance)),
        ];
        plan.extend(keys.map(|(key, value)| (key.to_owned(), value)));
        let mut body = place.body();
        let pair = |row: &Vec<f64>| json!({ "eigenvalue": number(row[0]), "error_bound": number(row[1]), "gradient_share": number(row[2]) });
        body.insert("eigenpairs".into(), Value::Array(table.rows.iter().map(pair).collect()));
        body.insert("products".into(), json!(products));
        let wanted = whole(self.count) + whole(self.smallest);
        let text = place.text() + &text(&table, products, wanted, self.tolerance);
        let product =
            Product::new("landscape", Value::Object(plan), Value::Object(body), text).with_table(table);
        output::emit(session, &product)?;
        Ok(Exit::Success)
    }
}

/// Eigenvalue, bound, and ⟨∇J, v⟩²/‖∇J‖² (0 where the gradient is 0).
fn table(place: &Resolved, pairs: &[RitzPair]) -> Table {
    let size = norm(&place.gradient);
    let share = |v: &[f64]| if size > 0.0 { (dot(&place.gradient, v) / size).powi(2) } else { 0.0 };
    let rows = pairs.iter().map(|p| vec![p.value, p.residual, share(&p.vector)]).collect();
    Table::new(["eigenvalue", "error_bound", "gradient_share"].map(str::to_owned).to_vec(), rows)
}

fn text(table: &Table, products: usize, wanted: usize, tolerance: f64) -> String {
    let mut out = String::from("      eigenvalue  residual  share of the gradient\n");
    for row in &table.rows {
        out += &format!("{:>16.8e}   {:.1e}  {:>10.4} %\n", row[0], row[1], 100.0 * row[2]);
    }
    out += &format!("{products} products; an eigenvalue lies within each residual\n");
    let scale = table.rows.iter().map(|row| row[0].abs()).fold(0.0, dinlab_numeric::max);
    if table.rows.iter().any(|row| row[1] > 2.0 * tolerance * scale) {
        out += "not all residuals are below --tolerance: more --products would lower them\n";
    }
    if table.rows.len() < wanted {
        out += "fewer than asked for: the products of one start see each multiple eigenvalue once\n";
    }
    out
}

fn figure(place: &Resolved, table: &Table) -> Figure {
    let numbers: Vec<f64> = (1..=table.rows.len()).map(|i| i as f64).collect();
    let column = |j: usize| table.rows.iter().map(|row| row[j]).collect::<Vec<f64>>();
    let (values, bars) = (column(0), column(1));
    let ends = |sign: f64| values.iter().zip(&bars).map(|(v, b)| v + sign * b).collect::<Vec<f64>>();
    let eigenvalues = Panel::new("", Axis::linear("number, largest first"), Axis::linear("eigenvalue")).with(
        Layer::Points {
            label: "Ritz value ± residual".into(),
            x: numbers.clone(),
            low: ends(-1.0),
            high: ends(1.0),
            y: values.clone(),
            color: 0,
            marker: Marker::Circle,
        },
    );
    let shares = Panel::new(
        "",
        Axis::linear("number, largest first"),
        Axis::linear("share of the squared gradient").range(0.0, 1.0),
    )
    .with(Layer::points("", numbers, column(2), 1, Marker::Square));
    Figure {
        id: "landscape-eigenpairs".into(),
        title: "Ends of the Hessian's spectrum".into(),
        caption: place.caption(),
        columns: 2,
        panels: vec![eigenvalues, shares],
    }
}
