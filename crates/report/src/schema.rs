//! The JSON Schema of `checks.json`, which `dinlab schema` prints.

use dinlab_record::CheckReport;
use serde_json::Value;

/// JSON Schema (draft 2020-12) of [`CheckReport`].
pub fn schema() -> Value {
    schemars::schema_for!(CheckReport).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, json};
    use boon::{Compiler, Schemas};

    fn is_valid(record: &Value) -> Result<(), String> {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("checks.json", schema()).unwrap();
        let index = compiler.compile("checks.json", &mut schemas).unwrap();
        schemas.validate(record, index).map_err(|error| error.to_string())
    }

    fn record() -> Value {
        let mut report = fixture::report();
        report.checks[0].figure = Some(fixture::figure());
        serde_json::from_str(&json::to_json(&report)).unwrap()
    }

    #[test]
    fn reports_validate() {
        is_valid(&record()).unwrap();
    }

    #[test]
    fn broken_reports_do_not() {
        for (path, value) in [
            ("/checks/0/verdict", Value::from("proved")),
            ("/checks/0/measurements/0/value", Value::from("seven")),
            ("/provenance/seed", Value::from(-1)),
            ("/checks", Value::from("none")),
        ] {
            let mut broken = record();
            *broken.pointer_mut(path).unwrap() = value;
            assert!(is_valid(&broken).is_err(), "{path}");
        }
        let mut missing = record();
        missing["checks"][1].as_object_mut().unwrap().remove("measurements");
        assert!(is_valid(&missing).is_err());
    }

    #[test]
    fn schema_names_the_contract_fields() {
        let text = schema().to_string();
        for field in
            ["verdict", "evidence", "measurements", "worst_case", "control", "erratum", "timing", "tolerance"]
        {
            assert!(text.contains(&format!("\"{field}\"")), "{field}");
        }
    }
}
