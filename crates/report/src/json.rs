//! `checks.json`: pretty-printed, keys in the order of the record, floats that round-trip, a final newline.

use dinlab_record::CheckReport;
use serde::Serialize;

use crate::ReportError;

/// A report of checks as JSON text.
pub fn to_json(report: &CheckReport) -> String {
    pretty(report)
}

/// Any record as JSON text in the same form.
pub fn pretty<T: Serialize>(record: &T) -> String {
    let mut text =
        serde_json::to_string_pretty(record).expect("records have string keys and no failing serialiser");
    text.push('\n');
    text
}

/// Reads a report back.
///
/// # Errors
/// [`ReportError::NotAReport`] names `origin` and the position in the text.
pub fn from_json(text: &str, origin: &str) -> Result<CheckReport, ReportError> {
    serde_json::from_str(text).map_err(|reason| ReportError::NotAReport { origin: origin.into(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn reports_round_trip_to_the_same_text() {
        let text = to_json(&fixture::report());
        assert!(text.contains("\"nan\"") && text.contains("\"inf\"") && text.ends_with("}\n"));
        assert_eq!(to_json(&from_json(&text, "text").unwrap()), text);
    }

    #[test]
    fn other_json_is_refused_with_its_origin() {
        let message = from_json("{\"schema\": 3}", "a.json").unwrap_err().to_string();
        assert!(message.contains("a.json") && message.contains("line 1"), "{message}");
    }
}
