//! Texts from the command line → values. Every refusal says what would be accepted.

use std::str::FromStr;

use dinlab_objective::{Selection, Start};

/// A finite number.
pub fn finite(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err("expected a finite number, such as 0.5 or 1e-3".into()),
    }
}

/// A finite number ≥ 0.
pub fn non_negative(text: &str) -> Result<f64, String> {
    match finite(text) {
        Ok(value) if value >= 0.0 => Ok(value),
        _ => Err("expected a finite number that is not negative, such as 0.5".into()),
    }
}

/// A finite number > 0.
pub fn positive(text: &str) -> Result<f64, String> {
    match finite(text) {
        Ok(value) if value > 0.0 => Ok(value),
        _ => Err("expected a finite number greater than 0, such as 1e-3".into()),
    }
}

/// A number in [0, 1).
pub fn fraction(text: &str) -> Result<f64, String> {
    match finite(text) {
        Ok(value) if (0.0..1.0).contains(&value) => Ok(value),
        _ => Err("expected a number at least 0 and less than 1, such as 0.9".into()),
    }
}

/// A whole number ≥ 0.
pub fn count(text: &str) -> Result<u64, String> {
    text.trim().parse().map_err(|_| "expected a whole number that is not negative, such as 1000".into())
}

/// A whole number ≥ 1.
pub fn positive_count(text: &str) -> Result<u64, String> {
    match count(text) {
        Ok(value) if value > 0 => Ok(value),
        _ => Err("expected a whole number of at least 1".into()),
    }
}

/// Numbers separated by commas, all finite; at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector(pub Vec<f64>);

impl FromStr for Vector {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |(i, part): (usize, &str)| {
            finite(part).map_err(|_| {
                let shown: String = part.chars().take(40).collect();
                format!(
                    "number {} is `{shown}`: expected finite numbers separated by commas, such as -1.5,0",
                    i + 1
                )
            })
        };
        text.split(',').enumerate().map(number).collect::<Result<_, _>>().map(Self)
    }
}

/// Sides of a box, low:high separated by commas.
#[derive(Debug, Clone, PartialEq)]
pub struct Sides(pub Vec<(f64, f64)>);

impl FromStr for Sides {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let side = |(i, part): (usize, &str)| {
            let ends = part.split_once(':').map(|(low, high)| (finite(low), finite(high)));
            match ends {
                Some((Ok(low), Ok(high))) if low <= high => Ok((low, high)),
                _ => {
                    let shown: String = part.chars().take(40).collect();
                    Err(format!(
                        "side {} is `{shown}`: expected low:high with finite numbers in order, such as -2:2,-1:3",
                        i + 1
                    ))
                }
            }
        };
        text.split(',').enumerate().map(side).collect::<Result<_, _>>().map(Self)
    }
}

/// Step sizes separated by commas: all positive.
#[derive(Debug, Clone, PartialEq)]
pub struct StepSizes(pub Vec<f64>);

impl FromStr for StepSizes {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let Vector(sizes) =
            text.parse().map_err(|reason: String| reason.replace("such as -1.5,0", "such as 1e-1,1e-2"))?;
        if let Some(bad) = sizes.iter().find(|&&size| size <= 0.0) {
            return Err(format!(
                "{bad} is not a step size: expected numbers greater than 0, such as 1e-1,1e-2"
            ));
        }
        Ok(Self(sizes))
    }
}

/// A start by name: `rest` or `speed:c`.
pub fn named_start(text: &str) -> Result<Start, String> {
    let expected = || "expected `rest` or `speed:c` with a finite number c, such as speed:0.1".to_owned();
    match text.split_once(':') {
        None if text == "rest" => Ok(Start::Rest),
        Some(("speed", c)) => finite(c).map(Start::Speed).map_err(|_| expected()),
        _ => Err(expected()),
    }
}

/// A selection at kinks: `abs=0,relu=0,max=0.5`, each part optional.
pub fn selection(text: &str) -> Result<Selection, String> {
    let mut selection = Selection::default();
    let expected = "expected parts of abs=0,relu=0,max=0.5 (abs in [-1, 1], relu and max in [0, 1])";
    for part in text.split(',') {
        let (name, value) = part.split_once('=').ok_or(expected)?;
        let value = finite(value).map_err(|_| expected)?;
        let (slot, low) = match name.trim() {
            "abs" => (&mut selection.abs, -1.0),
            "relu" => (&mut selection.relu, 0.0),
            "max" => (&mut selection.max, 0.0),
            _ => return Err(format!("`{name}` is no kink: {expected}")),
        };
        if !(low..=1.0).contains(&value) {
            return Err(format!("{value} is no element of the subdifferential of `{name}`: {expected}"));
        }
        *slot = value;
    }
    Ok(selection)
}

/// The candidate nearest to `name`, if it is near at all.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The distance costs |name|·|candidate|: a megabyte of text is near to nothing.
    if name.chars().nth(100).is_some() {
        return None;
    }
    let scored =
        candidates.into_iter().map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate));
    scored
        .min()
        .filter(|(distance, candidate)| 2 * distance <= candidate.len())
        .map(|(_, candidate)| candidate)
}

/// "unknown WHAT `name` (did you mean `…`?); HINT".
pub fn unknown<'a>(
    what: &str,
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    hint: &str,
) -> String {
    let guess = nearest(name, candidates).map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default();
    let shown: String = name.chars().take(60).collect();
    format!("unknown {what} `{shown}`{guess}; {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        for text in ["nan", "inf", "-inf", "1e400", "", "seven", "1,2"] {
            assert!(finite(text).is_err(), "{text}");
        }
        assert_eq!(finite(" -1.5 "), Ok(-1.5));
        assert!(non_negative("-1e-300").is_err() && positive("0").is_err() && fraction("1").is_err());
        assert_eq!(non_negative("0"), Ok(0.0));
        assert!(count("-1").is_err() && count("1.5").is_err() && positive_count("0").is_err());
    }

    #[test]
    fn vectors_name_the_number_that_is_wrong() {
        assert_eq!("-1.5, 0".parse(), Ok(Vector(vec![-1.5, 0.0])));
        assert!("1,,2".parse::<Vector>().unwrap_err().contains("number 2"));
        assert!("0.1,0".parse::<StepSizes>().unwrap_err().contains("greater than 0"));
    }

    #[test]
    fn starts_and_selections_are_parsed_in_full() {
        assert_eq!(named_start("rest"), Ok(Start::Rest));
        assert_eq!(named_start("speed:-2"), Ok(Start::Speed(-2.0)));
        assert!(named_start("speed:nan").is_err() && named_start("speed").is_err());
        assert_eq!(selection("max=1,abs=-1"), Ok(Selection { abs: -1.0, relu: 0.0, max: 1.0 }));
        assert!(selection("abs=2").is_err() && selection("sign=0").is_err() && selection("").is_err());
    }

    #[test]
    fn only_near_names_are_suggested() {
        assert_eq!(nearest("vally", ["valley", "hill"]), Some("valley"));
        assert_eq!(nearest("zzzz", ["valley", "hill"]), None);
    }
}
