//! JSON form of floating-point numbers: finite ones as numbers that round-trip, the others as the strings
//! `"inf"`, `"-inf"`, `"nan"`. Use as `#[serde(with = "crate::real")]` on any field whose type is [`Real`].

use schemars::{json_schema, JsonSchema, Schema, SchemaGenerator};
use serde::{de::Error, Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

/// Types built from `f64` that have the JSON form of this module.
pub trait Real: Sized {
    /// JSON value of `self`.
    fn to_json(&self) -> Value;
    /// Inverse of [`Real::to_json`]; the error says what was found instead.
    fn from_json(value: Value) -> Result<Self, String>;
}

impl Real for f64 {
    fn to_json(&self) -> Value {
        match Number::from_f64(*self) {
            Some(number) => Value::Number(number),
            None if self.is_nan() => "nan".into(),
            None if *self > 0.0 => "inf".into(),
            None => "-inf".into(),
        }
    }
    fn from_json(value: Value) -> Result<Self, String> {
        match &value {
            Value::Number(number) => number.as_f64().ok_or_else(|| format!("{number} is not a double")),
            Value::String(text) => match text.as_str() {
                "inf" => Ok(Self::INFINITY),
                "-inf" => Ok(Self::NEG_INFINITY),
                "nan" => Ok(Self::NAN),
                other => Err(format!("expected a number, \"inf\", \"-inf\" or \"nan\", found {other:?}")),
            },
            other => Err(format!("expected a number, found {other}")),
        }
    }
}

impl<T: Real> Real for Option<T> {
    fn to_json(&self) -> Value {
        self.as_ref().map_or(Value::Null, Real::to_json)
    }
    fn from_json(value: Value) -> Result<Self, String> {
        if value.is_null() {
            Ok(None)
        } else {
            T::from_json(value).map(Some)
        }
    }
}

impl<T: Real> Real for Vec<T> {
    fn to_json(&self) -> Value {
        self.iter().map(Real::to_json).collect()
    }
    fn from_json(value: Value) -> Result<Self, String> {
        match value {
            Value::Array(items) => items.into_iter().map(T::from_json).collect(),
            other => Err(format!("expected a list, found {other}")),
        }
    }
}

impl<T: Real, const N: usize> Real for [T; N] {
    fn to_json(&self) -> Value {
        self.iter().map(Real::to_json).collect()
    }
    fn from_json(value: Value) -> Result<Self, String> {
        let items: Vec<T> = Real::from_json(value)?;
        let found = items.len();
        items.try_into().map_err(|_| format!("expected {N} numbers, found {found}"))
    }
}

/// Serialises any [`Real`].
pub fn serialize<T: Real, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.to_json().serialize(serializer)
}

/// Deserialises any [`Real`].
pub fn deserialize<'de, T: Real, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::from_json(Value::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Stand-in whose JSON schema is that of one number in the form of this module.
#[derive(Debug)]
pub struct RealNumber;

impl JsonSchema for RealNumber {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Real".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "a double; non-finite values are strings",
            "anyOf": [{"type": "number"}, {"enum": ["inf", "-inf", "nan"]}]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_double_round_trips_through_json_text() {
        for x in [0.1, -0.0, f64::MIN_POSITIVE / 3.0, 1.0 / 3.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            let text = serde_json::to_string(&x.to_json()).unwrap();
            let back = f64::from_json(serde_json::from_str(&text).unwrap()).unwrap();
            assert!(
                back.to_bits() == x.to_bits() || (back.is_nan() && x.is_nan()),
                "{x} came back as {back}"
            );
        }
    }

    #[test]
    fn words_that_are_no_numbers_are_refused() {
        assert!(f64::from_json("seven".into()).unwrap_err().contains("seven"));
    }
}
