//! Which checks: names, beginnings of names, families.

use anyhow::bail;
use dinlab_theory::AnyCheck;

use crate::values;

/// The checks that the selectors name, in the order of the registry; all for no selector.
pub fn select<'a>(selectors: &[String], all: &[&'a dyn AnyCheck]) -> anyhow::Result<Vec<&'a dyn AnyCheck>> {
    let named: Vec<(&str, char)> = all.iter().map(|check| (check.claim().id, check.claim().family)).collect();
    Ok(positions(selectors, &named)?.into_iter().map(|i| all[i]).collect())
}

fn positions(selectors: &[String], named: &[(&str, char)]) -> anyhow::Result<Vec<usize>> {
    if selectors.is_empty() {
        return Ok((0..named.len()).collect());
    }
    let mut chosen = vec![false; named.len()];
    for selector in selectors {
        let matches = matching(selector, named);
        if matches.is_empty() {
            bail!("{}", refusal(selector, named));
        }
        matches.into_iter().for_each(|i| chosen[i] = true);
    }
    Ok((0..named.len()).filter(|&i| chosen[i]).collect())
}

/// A full name means that check alone, even where it begins the name of another.
fn matching(selector: &str, named: &[(&str, char)]) -> Vec<usize> {
    let by = |test: &dyn Fn(&(&str, char)) -> bool| -> Vec<usize> {
        (0..named.len()).filter(|&i| test(&named[i])).collect()
    };
    if let Some(family) = selector.strip_prefix("family:") {
        return by(&|(_, letter)| family.eq_ignore_ascii_case(&letter.to_string()));
    }
    let exact = by(&|(id, _)| *id == selector);
    if !exact.is_empty() || selector.is_empty() {
        return exact;
    }
    by(&|(id, _)| id.starts_with(selector))
}

fn refusal(selector: &str, named: &[(&str, char)]) -> String {
    if selector.starts_with("family:") {
        let mut letters: Vec<String> = named.iter().map(|(_, letter)| letter.to_string()).collect();
        letters.sort();
        letters.dedup();
        return format!("unknown `{selector}`: the families are {}", letters.join(", "));
    }
    let ids = named.iter().map(|(id, _)| *id);
    values::unknown("check", selector, ids, "`dinlab list checks` lists all; family:A takes a whole family")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMED: &[(&str, char)] = &[("euler-order", 'C'), ("spiral", 'A'), ("spiral-window", 'A')];

    fn chosen(selectors: &[&str]) -> Result<Vec<usize>, String> {
        let selectors: Vec<String> = selectors.iter().map(|s| (*s).to_owned()).collect();
        positions(&selectors, NAMED).map_err(|error| error.to_string())
    }

    #[test]
    fn selectors_are_names_beginnings_and_families() {
        assert_eq!(chosen(&[]), Ok(vec![0, 1, 2]));
        assert_eq!(chosen(&["spiral"]), Ok(vec![1]));
        assert_eq!(chosen(&["spi", "euler-order"]), Ok(vec![0, 1, 2]));
        assert_eq!(chosen(&["family:a"]), Ok(vec![1, 2]));
        assert!(chosen(&["eulr-order"]).unwrap_err().contains("did you mean `euler-order`"));
        assert!(chosen(&["family:Z"]).unwrap_err().contains("A, C"));
        assert!(chosen(&[""]).is_err());
    }
}
