//! Trajectories as CSV, `.npy` and JSON, in the columns of the command-line contract.

use dinlab_record::{Provenance, Trajectory};
use serde_json::{json, Value};

use crate::{npy, Table};

/// Samples as a table; rows beyond the shortest column are left out.
pub fn trajectory_table(trajectory: &Trajectory) -> Table {
    let mut rows = trajectory.time.len();
    for length in [trajectory.theta.len(), trajectory.value.len(), trajectory.gradient_norm.len()] {
        rows = rows.min(length);
    }
    Table::new(trajectory.column_names(), (0..rows).map(|i| trajectory.row(i)).collect())
}

/// CSV text: a header with the contract's column names, one line per sample.
pub fn trajectory_csv(trajectory: &Trajectory) -> String {
    trajectory_table(trajectory).to_csv()
}

/// Bytes of an `.npy` file of shape (samples, columns); the columns' names stand only in CSV and JSON.
pub fn trajectory_npy(trajectory: &Trajectory) -> Vec<u8> {
    npy(&trajectory_table(trajectory))
}

/// The JSON record of a run: `schema`, `provenance`, `plan`, `status`, `final`, `work`, and, with `samples`,
/// `columns` and `rows` (one list per sample). `schema` is the name and version of the record, for example
/// `dinlab/simulate/1`.
pub fn trajectory_record(
    trajectory: &Trajectory,
    schema: &str,
    provenance: &Provenance,
    plan: Value,
    samples: bool,
) -> Value {
    let mut record = json!({
        "schema": schema,
        "provenance": provenance,
        "plan": plan,
        "status": trajectory.status,
        "final": trajectory.last,
        "work": trajectory.work,
    });
    if samples {
        let table = trajectory_table(trajectory);
        record["columns"] = json!(table.columns);
        record["rows"] = dinlab_record::real::Real::to_json(&table.rows);
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, Sheet};
    use dinlab_record::{Final, Status, Work};

    fn run() -> Trajectory {
        let last = Final {
            theta: vec![f64::INFINITY, 0.1],
            psi: Some(vec![1.0, f64::NAN]),
            value: f64::INFINITY,
            gradient_norm: f64::NAN,
            energy: None,
            t: None,
            k: Some(2),
        };
        Trajectory {
            clock: "k".into(),
            time: vec![0.0, 1.0],
            theta: vec![vec![1.0 / 3.0, 2.0], vec![f64::INFINITY, 0.1]],
            psi: vec![vec![0.5, 0.25], vec![1.0, f64::NAN]],
            value: vec![1e-300, f64::INFINITY],
            gradient_norm: vec![2.0, f64::NAN],
            energy: Vec::new(),
            status: Status::NonFinite { at: 2.0 },
            last,
            work: Work::default(),
        }
    }

    #[test]
    fn csv_has_the_contract_columns_and_spellings() {
        let text = trajectory_csv(&run());
        assert_eq!(
            text,
            "k,theta_1,theta_2,psi_1,psi_2,value,gradient_norm\n\
             0,0.3333333333333333,2,0.5,0.25,1e-300,2\n\
             1,inf,0.1,1,nan,inf,nan\n"
        );
        let back = Sheet::parse(text.as_bytes(), "text").unwrap();
        assert_eq!(back.column("theta_1").unwrap(), [1.0 / 3.0, f64::INFINITY]);
    }

    #[test]
    fn record_follows_the_contract() {
        let report = fixture::report();
        let record =
            trajectory_record(&run(), "dinlab/iterate/1", &report.provenance, json!({"steps": 2}), true);
        assert_eq!(record["final"]["k"], 2);
        assert_eq!(record["final"]["theta"][0], "inf");
        assert_eq!(record["final"]["energy"], Value::Null);
        assert_eq!(record["status"]["non-finite"]["at"], 2.0);
        assert_eq!(record["rows"][1][4], "nan");
        assert_eq!(record["columns"].as_array().unwrap().len(), record["rows"][0].as_array().unwrap().len());
        let short = trajectory_record(&run(), "dinlab/iterate/1", &report.provenance, json!({}), false);
        assert!(short.get("rows").is_none() && short["provenance"]["seed"] == 7);
    }

    #[test]
    fn npy_holds_all_columns() {
        let bytes = trajectory_npy(&run());
        assert_eq!(bytes.len() % 64, (2 * 7 * 8) % 64);
        assert!(String::from_utf8_lossy(&bytes).contains("(2, 7)"));
    }
}
