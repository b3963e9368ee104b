//! Lists of what `train` takes.

use dinlab_neural::{architecture, data, method};
use dinlab_report::number::exact;
use serde_json::json;

use super::Item;

pub(super) fn methods() -> Vec<Item> {
    let item = |e: &method::Entry| {
        let flags =
            e.parameters.iter().map(|p| format!("--{} ({})", p.name.replace('_', "-"), exact(p.default)));
        let flags = flags.collect::<Vec<_>>().join(", ");
        let parameters = e
            .parameters
            .iter()
            .map(|p| json!({"name": p.name, "default": p.default, "expected": p.expected}));
        Item {
            name: e.name.into(),
            summary: if flags.is_empty() { e.summary.into() } else { format!("{}; {flags}", e.summary) },
            fields: json!({"summary": e.summary, "source": e.source, "parameters": parameters.collect::<Vec<_>>()}),
        }
    };
    method::ALL.iter().map(item).collect()
}

pub(super) fn architectures() -> Vec<Item> {
    let item = |e: &architecture::Architecture| Item {
        name: format!("{}{}", e.name, e.arguments),
        summary: e.summary.into(),
        fields: json!({"arguments": e.arguments, "summary": e.summary, "source": e.source}),
    };
    architecture::ALL.iter().map(item).collect()
}

pub(super) fn data() -> Vec<Item> {
    let item = |e: &data::Entry| Item {
        name: format!("{}{}", e.name, e.arguments),
        summary: e.summary.into(),
        fields: json!({"arguments": e.arguments, "summary": e.summary, "source": e.source}),
    };
    data::ALL.iter().map(item).collect()
}
