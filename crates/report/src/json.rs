//! `checks.json`: pretty-printed, keys in the order of the record, floats that round-trip, a final newline.

use std::io::{self, Write};

use dinlab_record::CheckReport;
use serde::Serialize;
use serde_json::ser::Formatter;

use crate::ReportError;

/// A report of checks as JSON text.
pub fn to_json(report: &CheckReport) -> String {
    pretty(report)
}

/// Any record as JSON text in the same form: objects one key a line, lists on one line (a figure has thousands of
/// numbers), floats that round-trip.
pub fn pretty<T: Serialize>(record: &T) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Layout { depth: 0, empty: true });
    record.serialize(&mut serializer).expect("records have string keys and no failing serialiser");
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("JSON text is UTF-8")
}

/// Line breaks and indentation inside objects only.
struct Layout {
    depth: usize,
    /// Whether the innermost open object has no key yet.
    empty: bool,
}

impl Layout {
    fn new_line<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| writer.write_all(b"  "))
    }
}

impl Formatter for Layout {
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        self.empty = true;
        writer.write_all(b"{")
    }
    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.empty = false;
        self.new_line(writer)
    }
    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        if !self.empty {
            self.new_line(writer)?;
        }
        self.empty = false;
        writer.write_all(b"}")
    }
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }
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
    fn lists_stay_on_one_line_and_objects_are_indented() {
        let record =
            serde_json::json!({"a": [1.5, -2, [3, "x"]], "b": {"c": null, "d": {}}, "e": [{"f": []}, {}]});
        assert_eq!(
            pretty(&record),
            "{\n  \"a\": [1.5, -2, [3, \"x\"]],\n  \"b\": {\n    \"c\": null,\n    \"d\": {}\n  },\n  \
             \"e\": [{\n    \"f\": []\n  }, {}]\n}\n"
        );
        assert_eq!(pretty(&Vec::<f64>::new()), "[]\n");
    }

    #[test]
    fn other_json_is_refused_with_its_origin() {
        let message = from_json("{\"schema\": 3}", "a.json").unwrap_err().to_string();
        assert!(message.contains("a.json") && message.contains("line 1"), "{message}");
    }
}
