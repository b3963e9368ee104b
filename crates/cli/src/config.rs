//! `--config RECORD.json`: the `plan` of a record becomes options, put before those that were typed, so that the
//! latter override. A plan's keys are the long names of options with `_` for `-`; `command` names the command (two
//! words where it has kinds, such as `certify basin`) and `resolved` holds what follows from the rest.

use std::{ffi::OsString, path::Path};

use anyhow::{bail, Context as _};
use clap::CommandFactory as _;
use serde_json::{Map, Value};

use crate::{args::Cli, values};

/// Options of which at most one may be given: typing one drops the others of the plan.
const EXCLUSIVE: &[&[&str]] = &[
    &["velocity", "psi", "init"],
    &["step-size", "schedule-file"],
    &["decay", "schedule", "schedule-file"],
    &["step-size", "grid"],
];

/// Replaces `--config FILE` by the options of its plan. `arguments` are without the program's name.
pub fn expand(mut arguments: Vec<OsString>) -> anyhow::Result<Vec<OsString>> {
    let Some(file) = take_config(&mut arguments)? else { return Ok(arguments) };
    let plan = read_plan(Path::new(&file)).with_context(|| format!("--config {}", file.to_string_lossy()))?;
    let Some(first) = arguments.first().map(|word| word.to_string_lossy().into_owned()) else {
        return Ok(arguments);
    };
    let planned = plan.get("command").and_then(Value::as_str).unwrap_or(&first);
    let words = planned.split_whitespace().count();
    let typed = arguments.iter().take(words).map(|word| word.to_string_lossy()).collect::<Vec<_>>();
    let command = typed.join(" ");
    if planned != command {
        bail!(
            "--config {}: the record is of `dinlab {planned}`, not of `dinlab {command}`",
            file.to_string_lossy()
        );
    }
    if command == "sweep" {
        // A sweep reads its plan itself: it is more than options.
        arguments.insert(1, file);
        return Ok(arguments);
    }
    if command == "map" && arguments.get(1).is_none_or(|word| word.to_string_lossy().starts_with('-')) {
        // The kind need not be typed again.
        if let Some(kind) = plan.get("resolved").and_then(|r| r.get("kind")).and_then(Value::as_str) {
            arguments.insert(1, kind.into());
        }
    }
    let options = options(&command, &plan, &arguments[words..])
        .with_context(|| format!("--config {}", file.to_string_lossy()))?;
    arguments.splice(words..words, options.into_iter().map(OsString::from));
    Ok(arguments)
}

/// Takes `--config FILE` or `--config=FILE` out of the arguments.
fn take_config(arguments: &mut Vec<OsString>) -> anyhow::Result<Option<OsString>> {
    let mut found = None;
    let mut i = 0;
    while i < arguments.len() && arguments[i] != "--" {
        if arguments[i] == "--config" {
            if i + 1 == arguments.len() {
                bail!("--config needs a value: the file of a record, such as run.json");
            }
            found = Some(arguments.remove(i + 1));
            arguments.remove(i);
        } else if let Some(file) = arguments[i].to_str().and_then(|word| word.strip_prefix("--config=")) {
            found = Some(file.into());
            arguments.remove(i);
        } else {
            i += 1;
        }
    }
    Ok(found)
}

fn read_plan(file: &Path) -> anyhow::Result<Map<String, Value>> {
    let text = std::fs::read_to_string(file).context("cannot read the record")?;
    let record: Value = serde_json::from_str(&text).context("the record is not JSON")?;
    match record.get("plan") {
        Some(Value::Object(plan)) => Ok(plan.clone()),
        _ => bail!("the record has no `plan`; every record that dinlab writes has one"),
    }
}

/// The options of a plan that are not overridden by `typed`.
fn options(command: &str, plan: &Map<String, Value>, typed: &[OsString]) -> anyhow::Result<Vec<String>> {
    let cli = Cli::command();
    let found = command.split_whitespace().try_fold(&cli, |at, word| at.find_subcommand(word));
    let Some(command) = found else { return Ok(Vec::new()) };
    let names: Vec<&str> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
    let mut options = Vec::new();
    for (key, value) in plan {
        if key == "command" || key == "resolved" || value.is_null() {
            continue;
        }
        let name = key.replace('_', "-");
        if !names.contains(&name.as_str()) {
            let hint = "a plan's keys are the options of its command";
            bail!("{}", values::unknown("key of `plan`", key, names.iter().copied(), hint));
        }
        let rivals =
            EXCLUSIVE.iter().filter(|group| group.contains(&name.as_str())).flat_map(|group| group.iter());
        if is_typed(&name, typed) || rivals.into_iter().any(|rival| is_typed(rival, typed)) {
            continue;
        }
        match value {
            Value::Bool(false) => {}
            Value::Bool(true) => options.push(format!("--{name}")),
            _ => options
                .push(format!("--{name}={}", text(value).with_context(|| format!("key `{key}` of `plan`"))?)),
        }
    }
    Ok(options)
}

fn is_typed(name: &str, typed: &[OsString]) -> bool {
    let flag = format!("--{name}");
    let with_value = format!("{flag}=");
    typed.iter().filter_map(|word| word.to_str()).any(|word| word == flag || word.starts_with(&with_value))
}

/// A value as it is typed: lists with commas.
fn text(value: &Value) -> anyhow::Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Array(items) => Ok(items.iter().map(text).collect::<anyhow::Result<Vec<_>>>()?.join(",")),
        other => bail!("expected a number, a text or a list of them, found {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).unwrap()
    }

    fn typed(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn plans_become_options_and_typed_ones_win() {
        let plan = plan(
            r#"{"command":"simulate","start":[-1.5,0],"alpha":0.1,"psi":[1,2],"resolved":{"x":1},"rtol":null}"#,
        );
        let options = |text: &str| options("simulate", &plan, &typed(text)).unwrap();
        assert_eq!(options(""), ["--alpha=0.1", "--psi=1,2", "--start=-1.5,0"]);
        assert_eq!(options("--alpha 3 --init=rest"), ["--start=-1.5,0"]);
    }

    #[test]
    fn misspelt_keys_are_not_passed_over() {
        let error = options("simulate", &plan(r#"{"alhpa":1}"#), &[]).unwrap_err().to_string();
        assert!(error.contains("alhpa") && error.contains("did you mean `alpha`"), "{error}");
    }

    #[test]
    fn the_option_is_taken_out_in_both_spellings() {
        for text in ["simulate --config a.json --alpha 1", "simulate --alpha 1 --config=a.json"] {
            let mut words = typed(text);
            assert_eq!(take_config(&mut words).unwrap(), Some("a.json".into()));
            assert_eq!(words, typed("simulate --alpha 1"));
        }
        assert!(take_config(&mut typed("simulate --config")).is_err());
    }
}
