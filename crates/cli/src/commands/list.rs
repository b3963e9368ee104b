//! `dinlab list WHAT`: the registries, in their order.

mod networks;

use clap::{Args, ValueEnum};
use dinlab_report::number::exact;
use serde_json::{json, Value};

use crate::{
    args::Common,
    output::{self, Product},
    session::{Exit, Session},
};

/// List what there is to choose from
#[derive(Debug, Args)]
pub struct List {
    /// What to list
    #[arg(value_enum)]
    what: What,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Checks,
    Objectives,
    Methods,
    TrainingMethods,
    Architectures,
    Data,
    Schedules,
    Dynamics,
    Integrators,
    Figures,
}

/// A line of the list: name, one line about it, further fields of the record.
struct Item {
    name: String,
    summary: String,
    fields: Value,
}

impl List {
    /// Prints the list.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        session.prepare(output::Format::RECORD)?;
        let items = match self.what {
            What::Checks => checks(),
            What::Objectives => objectives(),
            What::Methods => methods(),
            What::TrainingMethods => networks::methods(),
            What::Architectures => networks::architectures(),
            What::Data => networks::data(),
            What::Schedules => schedules(),
            What::Dynamics => dynamics(),
            What::Integrators => integrators(),
            What::Figures => figures(),
        };
        let name = self.what.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default();
        let key = if self.what == What::Checks || self.what == What::Figures { "id" } else { "name" };
        let listed = items.iter().map(|item| {
            let mut fields = item.fields.clone();
            fields[key] = item.name.clone().into();
            fields
        });
        let plan = json!({"command": "list", "resolved": {"what": name}});
        let mut body = json!({ name: listed.collect::<Vec<_>>() });
        if self.what == What::Figures {
            let kinds =
                dinlab_chart::KINDS.iter().map(|(name, summary)| json!({"name": name, "summary": summary}));
            body["layer_kinds"] = kinds.collect();
        }
        output::emit(session, &Product::new("list", plan, body, text(&items)))?;
        Ok(Exit::Success)
    }
}

fn text(items: &[Item]) -> String {
    let width = items.iter().map(|item| item.name.chars().count()).max().unwrap_or(0);
    items.iter().map(|item| format!("{:width$}  {}\n", item.name, item.summary)).collect()
}

fn checks() -> Vec<Item> {
    let item = |claim: &dinlab_record::Claim| Item {
        name: claim.id.into(),
        summary: format!("{}  {}", claim.family, claim.title),
        fields: json!({"family": claim.family, "title": claim.title, "claim": claim.sentence, "cost": claim.cost}),
    };
    dinlab_theory::ALL.iter().map(|check| item(check.claim())).collect()
}

fn objectives() -> Vec<Item> {
    let mut items: Vec<Item> = dinlab_objective::registry::ALL
        .iter()
        .map(|e| Item {
            name: e.name.into(),
            summary: format!(
                "{}{}",
                e.summary,
                if e.arguments.is_empty() { String::new() } else { format!("  [{}{}]", e.name, e.arguments) }
            ),
            fields: json!({"arguments": e.arguments, "summary": e.summary, "examples": e.examples}),
        })
        .collect();
    let typed = [
        ("expr", ":FORMULA", "a formula, such as expr:100*(y-abs(x))^2+abs(1-x)", "expr:x^2+y^4"),
        (
            "sum",
            ":FORMULA;FORMULA;..",
            "a finite sum for --batch, such as sum:abs(x);-abs(x);0.5*(x-1)^2",
            "sum:x^2;(x-y)^2",
        ),
    ];
    items.extend(typed.map(|(name, arguments, summary, example)| Item {
        name: name.into(),
        summary: summary.into(),
        fields: json!({"arguments": arguments, "summary": summary, "examples": [example]}),
    }));
    items
}

fn methods() -> Vec<Item> {
    let item = |e: &dinlab_indian::Entry| {
        let parameters = e.parameters.iter().map(|p| format!("--{} ({})", p.name, exact(p.default)));
        let parameters = parameters.collect::<Vec<_>>().join(", ");
        let defaults = e
            .parameters
            .iter()
            .map(|p| json!({"name": p.name, "default": p.default, "expected": p.expected}));
        Item {
            name: e.name.into(),
            summary: if parameters.is_empty() {
                e.summary.into()
            } else {
                format!("{}; {parameters}", e.summary)
            },
            fields: json!({"summary": e.summary, "source": e.source, "parameters": defaults.collect::<Vec<_>>()}),
        }
    };
    dinlab_indian::ALL.iter().map(item).collect()
}

fn schedules() -> Vec<Item> {
    let item = |entry: &dinlab_indian::ScheduleEntry| {
        let judged: Vec<(&str, dinlab_indian::StepAssumption)> = entry
            .examples
            .iter()
            .filter_map(|&example| {
                Some((example, dinlab_indian::Schedule::named(example, 1.0).ok()?.assumption()))
            })
            .collect();
        let lines: String = judged
            .iter()
            .map(|(example, found)| format!("\n    {example}: step assumption {found}"))
            .collect();
        let examples: Vec<Value> = judged
            .iter()
            .map(|(example, found)| json!({"name": example, "satisfied": found.satisfied(), "assumption": found}))
            .collect();
        Item {
            name: entry.name.into(),
            summary: format!("{}  [{}{}]{lines}", entry.summary, entry.name, entry.arguments),
            fields: json!({"arguments": entry.arguments, "summary": entry.summary, "examples": examples}),
        }
    };
    dinlab_indian::SCHEDULES.iter().map(item).collect()
}

fn dynamics() -> Vec<Item> {
    let item = |e: &dinlab_din::DynamicsEntry| Item {
        name: e.name.into(),
        summary: e.summary.into(),
        fields: json!({"summary": e.summary}),
    };
    dinlab_din::DYNAMICS.iter().map(item).collect()
}

fn integrators() -> Vec<Item> {
    let item = |e: &dinlab_din::IntegratorEntry| Item {
        name: e.name.into(),
        summary: e.summary.into(),
        fields: json!({"order": if e.order == 0 { Value::Null } else { e.order.into() }, "summary": e.summary, "source": e.source}),
    };
    dinlab_din::INTEGRATORS.iter().chain(dinlab_din::INCLUSION_INTEGRATORS).map(item).collect()
}

/// Every check has one figure, which carries its name.
fn figures() -> Vec<Item> {
    let item = |claim: &dinlab_record::Claim| Item {
        name: claim.id.into(),
        summary: claim.title.into(),
        fields: json!({"title": claim.title}),
    };
    dinlab_theory::ALL.iter().map(|check| item(check.claim())).collect()
}
