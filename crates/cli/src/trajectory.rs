//! What `simulate` and `iterate` have in common: a trajectory as the result of a command.

use dinlab_record::{Status, Trajectory};
use dinlab_report::{number::exact, trajectory::trajectory_table};
use serde_json::{json, Map, Value};

use crate::{
    output::{numbers, Format, Product},
    session::{Exit, Session},
};

/// Most numbers that a run may keep: with the file made from them they take a few gigabytes at most.
const MOST_NUMBERS: u64 = 40_000_000;

/// Most samples that a run of this dimension may keep; at least 2, the start and the end.
pub fn most_samples(dimension: usize) -> u64 {
    // Clock, value, gradient norm and energy; theta and psi.
    let columns = 4 + 2 * dimension as u64;
    (MOST_NUMBERS / columns).max(2)
}

/// The record of a run: `status`, `final`, `work`, and `columns` and `rows` where it goes to a file.
pub fn product(
    session: &Session,
    name: &'static str,
    plan: Map<String, Value>,
    trajectory: &Trajectory,
    more: Value,
) -> anyhow::Result<Product> {
    let mut body = json!({
        "status": serde_json::to_value(&trajectory.status)?,
        "final": serde_json::to_value(&trajectory.last)?,
        "work": serde_json::to_value(trajectory.work)?,
    });
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    let mut product = Product::new(name, Value::Object(plan), body, text(trajectory));
    let Some(target) = &session.common.output else { return Ok(product) };
    let table = trajectory_table(trajectory);
    if target.format == Format::Json {
        let rows = table.rows.iter().map(|row| numbers(row)).collect::<Vec<_>>();
        product.samples.insert("columns".into(), json!(table.columns));
        product.samples.insert("rows".into(), Value::Array(rows));
        return Ok(product);
    }
    Ok(product.with_table(table))
}

/// Exit code of a run: an early end is a status, only an interrupt is more.
pub fn exit(trajectory: &Trajectory) -> Exit {
    match trajectory.status {
        Status::Interrupted => Exit::Interrupted,
        _ => Exit::Success,
    }
}

fn text(trajectory: &Trajectory) -> String {
    let (last, work) = (&trajectory.last, &trajectory.work);
    let mut out = format!("status         {}\n", trajectory.status);
    match (last.t, last.k) {
        (Some(t), _) => out += &format!("t              {}\n", exact(t)),
        (_, Some(k)) => out += &format!("k              {k}\n"),
        _ => {}
    }
    out += &format!("theta          {}\n", short(&last.theta));
    if let Some(psi) = &last.psi {
        out += &format!("psi            {}\n", short(psi));
    }
    out += &format!("value          {}\ngradient norm  {}\n", exact(last.value), exact(last.gradient_norm));
    if let Some(energy) = last.energy {
        out += &format!("energy         {}\n", exact(energy));
    }
    out += &format!("work           {} steps", work.accepted);
    for (count, what) in [
        (work.rejected, "rejected"),
        (work.evaluations, "evaluations"),
        (work.jacobians, "Jacobians"),
        (work.factorisations, "factorisations"),
    ] {
        if count > 0 {
            out += &format!(", {count} {what}");
        }
    }
    out + "\n"
}

/// At most six numbers of a long vector; the record has all.
fn short(x: &[f64]) -> String {
    let shown: Vec<String> = x.iter().take(6).map(|v| exact(*v)).collect();
    let rest = if x.len() > 6 { format!(", … ({} numbers)", x.len()) } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}
