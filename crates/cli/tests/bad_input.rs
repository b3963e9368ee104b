//! Bad input: exit code 2, a message on standard error that names what was wrong and what would be accepted,
//! nothing on standard output, nothing written.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use support::Place;

const SIMULATE: &str = "simulate --objective valley --start 1,2 --until 1";
const ITERATE: &str = "iterate --objective valley --start 1,2 --steps 3 --step-size 0.1";

/// Runs a line that must be refused; every word of `mentions` must stand in the message.
fn refused(place: &Place, line: &str, mentions: &[&str]) {
    let before = place.names();
    let ran = place.run(line);
    assert_eq!(ran.code, 2, "{line}: {}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stdout, "", "{line}");
    for word in mentions {
        assert!(ran.stderr.contains(word), "{line}: no `{word}` in\n{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("panicked"), "{line}: {}", ran.stderr);
    assert_eq!(place.names(), before, "{line}");
}

#[test]
fn numbers_out_of_range() {
    let place = Place::new();
    for (more, mentions) in [
        ("--alpha nan", ["--alpha", "nan", "not negative"]),
        ("--alpha inf", ["--alpha", "inf", "finite"]),
        ("--alpha -0.5", ["--alpha", "-0.5", "not negative"]),
        ("--beta -1", ["--beta", "-1", "not negative"]),
        ("--beta=-1e-9", ["--beta", "-1e-9", "not negative"]),
        ("--rtol 0", ["--rtol", "0", "greater than 0"]),
        ("--atol -1e-9", ["--atol", "-1e-9", "greater than 0"]),
        ("--samples 0", ["--samples", "0", "at least 1"]),
        ("--samples 99999999999999", ["--samples", "99999999999999", "at most"]),
        ("--samples 5000001", ["--samples", "at most 5000000", "dimension 2"]),
        ("--from 2", ["--until", "1", "--from"]),
        ("--from nan", ["--from", "nan", "finite"]),
        ("--jobs 0", ["--jobs", "0", "at least 1"]),
        ("--seed -1", ["--seed", "-1", "whole number"]),
        ("--seed 1.5", ["--seed", "1.5", "whole number"]),
        ("--velocity 1", ["--velocity", "dimension 2", "1 number"]),
        ("--psi 1,2,3", ["--psi", "dimension 2", "3 numbers"]),
        ("--psi 1,nan", ["--psi", "number 2", "nan"]),
        ("--init slow", ["--init", "rest", "speed:c"]),
        ("--init speed:nan", ["--init", "speed:nan", "finite"]),
        ("--psi 1,2 --beta 0", ["--psi", "--beta", "greater than 0"]),
        ("--psi 1,2 --init rest", ["--psi", "--init", "cannot be used with"]),
        ("--kink abs=2", ["--kink", "abs=2", "[-1, 1]"]),
        ("--kink max=nan", ["--kink", "max=nan", "[0, 1]"]),
        ("--dynamics gradient-flow --init rest", ["gradient-flow", "theta alone", "--init"]),
        ("--dynamics din-avd --from 0", ["--from", "din-avd", "greater than 0"]),
        ("--dynamics din-psi --beta 0", ["--dynamics", "beta is 0", "above 0"]),
        ("--dynamics heavy-ball --psi 1,2", ["--psi", "heavy-ball", "--velocity"]),
        ("--dynamics newton-flow", ["newton-flow", "valley", "kinks"]),
        ("--dynamics dinn", ["--dynamics", "dinn", "did you mean `din`"]),
        ("--integrator dopri", ["--integrator", "dopri", "did you mean `dopri5`"]),
        ("-o run", [".csv", ".json", ".npy"]),
        #[cfg(not(feature = "parquet"))]
        ("-o run.parquet", ["run.parquet", "--features parquet", ".csv"]),
        ("-o no/such/run.csv", ["-o", "no/such", "does not exist"]),
    ] {
        refused(&place, &format!("{SIMULATE} {more}"), &mentions);
    }
    for (more, mentions) in [
        ("--steps -3", ["--steps", "-3", "whole number"]),
        ("--step-size 0", ["--step-size", "0", "greater than 0"]),
        ("--step-size -0.1", ["--step-size", "-0.1", "greater than 0"]),
        ("--step-size nan", ["--step-size", "nan", "finite"]),
        ("--decay -1", ["--decay", "-1", "not negative"]),
        ("--step-size 0.1,0.2", ["2 step sizes", "3 steps", "list"]),
        ("--momentum 0.9", ["--momentum", "indian", "--alpha"]),
        ("--method heavy-ball --momentum 1", ["--momentum", "1", "less than 1"]),
        ("--method adm", ["--method", "adm", "did you mean `adam`"]),
        ("--method adam --psi 1,2", ["adam", "--psi", "indian"]),
        ("--record-every 0", ["--record-every", "0", "at least 1"]),
        ("--steps 900000000000", ["--steps", "900000000000", "--record-every"]),
        ("--steps 100000000 --record-every 1", ["--steps", "--record-every", "at least 21"]),
        ("--step-size 0.1,x", ["--step-size", "number 2", "1e-1,1e-2"]),
        ("--schedule-file f", ["--schedule-file", "--step-size", "cannot be used with"]),
    ] {
        refused(&place, &format!("{ITERATE} {more}"), &mentions);
    }
}

#[test]
fn batches_and_schedules() {
    let place = Place::new();
    let sum = "iterate --objective medians:0,1,3 --start 2 --steps 3 --step-size 0.1";
    for (more, mentions) in [
        ("--batch 0", ["--batch", "0", "at least 1"]),
        ("--batch 4", ["--batch", "4", "from 1 to 3"]),
        ("--batch -1", ["--batch", "-1", "at least 1"]),
        ("--batch 1 --sampling bootstrap", ["--sampling", "bootstrap", "without-replacement"]),
        ("--sampling with-replacement", ["--sampling", "with-replacement", "--batch B"]),
        ("--batch 2 --sampling nonempty-subsets", ["--batch 2", "nonempty-subsets", "no --batch"]),
        ("--scaling none", ["--scaling", "none", "--batch"]),
        ("--batch 1 --scaling half", ["--scaling", "half", "inverse-probability"]),
        ("--schedule harmonic", ["--schedule", "harmonic", "list schedules"]),
        ("--schedule powr:1", ["--schedule", "powr", "did you mean `power`"]),
        ("--schedule power", ["--schedule", "power", "power:q"]),
        ("--schedule geometric:1", ["--schedule", "1", "less than 1"]),
        ("--schedule log:-1", ["--schedule", "-1", "> 0"]),
        ("--schedule log --decay 0.5", ["--schedule", "--decay", "cannot be used with"]),
        ("--schedule log --step-size 0.1,0.1,0.1", ["--schedule", "one --step-size", "list"]),
    ] {
        refused(&place, &format!("{sum} {more}"), &mentions);
    }
    refused(&place, &format!("{ITERATE} --batch 1"), &["--batch", "valley", "finite sum"]);
    refused(
        &place,
        &format!("{ITERATE} --sampling nonempty-subsets"),
        &["--sampling", "valley", "finite sum"],
    );
    let typed = "iterate --objective sum:x^2;abs(x --start 1 --steps 3 --step-size 0.1";
    refused(&place, typed, &["--objective", "column 10", "abs(x\n", "^"]);
}

#[test]
fn flags_that_do_not_fit_are_named() {
    let place = Place::new();
    let iterate = "iterate --objective hill --start 1,1 --steps 5";
    refused(&place, &format!("{iterate} --step-size 0.1,0.2"), &["--step-size", "2", "5"]);
    place.write("steps.txt", "0.1\n0.1\n");
    refused(&place, &format!("{iterate} --schedule-file steps.txt"), &["--schedule-file", "steps.txt", "2"]);
    for method in ["adam", "adagrad", "rmsprop", "heavy-ball", "nesterov", "gradient-descent"] {
        let line = format!("{iterate} --step-size 0.1 --method {method} --alpha 2");
        let run = place.run(&line);
        assert_eq!(run.code, 0, "{line}: {}", run.stderr);
        assert!(
            run.stdout.contains(&format!("--alpha has no effect: {method} has no alpha")),
            "{}",
            run.stdout
        );
    }
    refused(&place, "dictionary --method three-parameter --a 0 --b 0.5 --eta 0.1", &["--a:", "a = 0", "> 0"]);
    let branching = "simulate --objective expr:-abs(x) --start 0 --until 1";
    refused(
        &place,
        &format!("{branching} --branch all --max-branches 2"),
        &["--max-branches", "more than 2"],
    );
    refused(&place, &format!("{branching} --max-branches 20"), &["--max-branches", "--branch all"]);
}

#[test]
fn starts_and_names() {
    let place = Place::new();
    let simulate =
        |objective: &str, start: &str| format!("simulate --objective {objective} --start {start} --until 1");
    refused(&place, &simulate("valley", "1,2,3"), &["valley", "dimension 2", "--start", "3 numbers"]);
    refused(&place, &simulate("valley", "1,inf"), &["--start", "number 2", "inf"]);
    refused(&place, &simulate("valley", "-1.5,x"), &["--start", "number 2", "x"]);
    refused(&place, &simulate("vally", "1,2"), &["--objective", "vally", "did you mean `valley`"]);
    refused(&place, &simulate("quadratic:1,nan", "1,2"), &["quadratic", "nan", "finite"]);
    refused(&place, &simulate("valley", "1,2 --variables x,y"), &["--variables", "expr:"]);
    refused(&place, "simulate --objective valley --start 1,2", &["--until", "required"]);
    refused(&place, "iterate --objective valley --start 1,2 --steps 3", &["--step-size", "required"]);
    refused(&place, "simulat", &["simulat", "simulate"]);
    refused(&place, "explain euler-ordr", &["euler-ordr", "did you mean `euler-order`", "list checks"]);
    refused(&place, "list cheques", &["cheques", "checks"]);
    refused(&place, "check euler-ordr", &["euler-ordr", "did you mean `euler-order`"]);
    refused(&place, "check family:Z", &["family:Z", "the families are"]);
    refused(&place, "check --jobs 0", &["--jobs", "0", "at least 1"]);
    refused(&place, "check --jobs 100000", &["--jobs", "100000", "at most"]);
    refused(&place, "check --effort fast", &["--effort", "fast", "quick"]);
    refused(&place, "check euler-order --start 1,2", &["euler-order", "needs an objective"]);
    refused(&place, "check euler-order --kink abs=1", &["--kink", "--objective"]);
    refused(&place, "check euler-order --objective valley --start 1", &["valley", "dimension 2", "--start"]);
    let promise = |rest: &str| format!("check promise-performance --objective {rest}");
    let example = "net:mlp:16@two-moons:400";
    refused(&place, &promise("valley"), &["promise-performance", example]);
    refused(&place, &promise("net:mlp:4@chebyshev:3,25"), &["classes", example]);
    refused(&place, &promise("net:mlp:4@two-moons:40"), &["two-moons:40", "at least 32 samples"]);
    refused(&place, &promise(&format!("{example} --alpha 1")), &["all parameters are searched"]);
    refused(&place, "figure", &["reports", "dinlab check"]);
    refused(&place, "list checks -o checks.csv", &["checks.csv", ".json"]);
}

#[test]
fn expressions() {
    let place = Place::new();
    for (objective, mentions) in [
        ("expr:", ["--objective", "expr"]),
        ("expr:x+", ["--objective", "expected"]),
        ("expr:(x", ["--objective", "expected"]),
        ("expr:foo(x)", ["--objective", "foo"]),
        ("expr:1/0*x", ["--objective", "1/0"]),
        ("expr:log(-1)+x", ["--objective", "log"]),
    ] {
        refused(&place, &format!("simulate --objective {objective} --start 1 --until 1"), &mentions);
    }
    refused(
        &place,
        "simulate --objective expr:log(x) --start -1 --until 1",
        &["--start", "not defined", "log(x)"],
    );
    let nested = format!(
        "simulate --objective expr:{}x{} --start 1 --until 1",
        "(".repeat(60_000),
        ")".repeat(60_000)
    );
    refused(&place, &nested, &["--objective"]);
    // A megabyte does not fit into an argument, but a record can carry it.
    let long = format!("x{}", "+x*x".repeat(250_000));
    let deep = format!("{}x{}", "(".repeat(100_000), ")".repeat(100_000));
    for (name, text) in [("long.json", long), ("deep.json", deep)] {
        let plan =
            serde_json::json!({"plan": {"objective": format!("expr:{text}"), "start": [1], "until": 1}});
        place.write(name, plan.to_string());
        refused(&place, &format!("simulate --config {name}"), &["--objective"]);
    }
}

#[test]
fn records_as_configuration() {
    let place = Place::new();
    place.write("text.json", "not json");
    place.write("plain.json", "{\"a\": 1}");
    place.write("other.json", "{\"plan\": {\"command\": \"iterate\"}}");
    place.write("key.json", "{\"plan\": {\"alhpa\": 1}}");
    place.write("value.json", "{\"plan\": {\"alpha\": -1}}");
    refused(&place, &format!("{SIMULATE} --config none.json"), &["--config", "none.json", "cannot read"]);
    refused(&place, &format!("{SIMULATE} --config text.json"), &["text.json", "not JSON"]);
    refused(&place, &format!("{SIMULATE} --config plain.json"), &["plain.json", "no `plan`"]);
    refused(&place, &format!("{SIMULATE} --config other.json"), &["other.json", "dinlab iterate"]);
    refused(&place, &format!("{SIMULATE} --config key.json"), &["alhpa", "did you mean `alpha`"]);
    refused(&place, &format!("{SIMULATE} --config value.json"), &["--alpha", "-1", "not negative"]);
    refused(&place, &format!("{SIMULATE} --config"), &["--config", "needs a value"]);
}

#[test]
fn tables_for_rate() {
    let place = Place::new();
    place.write("empty.csv", "");
    place.write("header.csv", "t,value\n");
    place.write("text.csv", "t,value\n0,1\n1,many\n2,3\n");
    place.write("back.csv", "t,value\n0,1\n2,0.5\n1,0.2\n");
    place.write("clock.csv", "time,value\n0,1\n1,0.5\n");
    place.write("short.csv", "t,value\n0,1\n1,0.5\n");
    place.write("binary.csv", b"t,value\n0,\xff\xfe\n");
    refused(&place, "rate none.csv --column value", &["none.csv", "cannot read"]);
    refused(&place, "rate empty.csv --column value", &["empty.csv", "is empty", "header"]);
    refused(&place, "rate header.csv --column value", &["header.csv", "no rows"]);
    refused(&place, "rate text.csv --column value", &["text.csv", "line 3", "many", "expected a number"]);
    refused(&place, "rate text.csv --column vlaue", &["--column", "vlaue", "did you mean `value`"]);
    refused(&place, "rate text.csv --column value --against k", &["text.csv"]);
    refused(&place, "rate back.csv --column value", &["`t`", "increase", "row 3"]);
    refused(&place, "rate clock.csv --column value", &["clock.csv", "--against", "time"]);
    refused(&place, "rate short.csv --column value", &["short.csv", "points"]);
    refused(&place, "rate binary.csv --column value", &["binary.csv", "UTF-8"]);
    refused(&place, "rate --column value", &["FILE", "required"]);
    place.write("steps.txt", "0.1\n0.1\nslow\n");
    let iterate = "iterate --objective valley --start 1,2 --steps 3 --schedule-file";
    refused(&place, &format!("{iterate} steps.txt"), &["steps.txt", "line 3", "greater than 0"]);
    refused(&place, &format!("{iterate} none.txt"), &["none.txt", "cannot read"]);
}

#[test]
fn orders() {
    let place = Place::new();
    let compare = |more: &str| format!("compare --objective rosenbrock --start -1,1 --until 1 {more}");
    refused(&place, &compare("--step-sizes 0.1,0.03"), &["--step-sizes", "0.03", "whole number", "nearest"]);
    refused(&place, &compare("--step-sizes 0.1"), &["--step-sizes", "at least two"]);
    refused(&place, &compare("--step-sizes 0.1,0.1"), &["--step-sizes"]);
    refused(&place, &compare("--step-sizes 0.1,0"), &["--step-sizes", "greater than 0"]);
    refused(
        &place,
        &compare("--step-sizes 0.1,0.01 --method adam"),
        &["--method", "adam", "gradient-descent"],
    );
    refused(&place, "stability --hessian-eigenvalues 1,nan", &["--hessian-eigenvalues", "number 2", "nan"]);
    refused(&place, "stability", &["--hessian-eigenvalues", "required"]);
}

#[test]
fn dictionary_entries_that_do_not_exist() {
    let place = Place::new();
    let refused = |more: &str, words: &[&str]| refused(&place, &format!("dictionary {more}"), words);
    refused("--alpha 1 --beta 0.1", &["--step-size", "missing", "--alpha --beta --step-size"]);
    refused(
        "--method innaprop --alpha 1 --beta 0.1 --step-size 0.1",
        &["innaprop", "beta = 0.1", "step size"],
    );
    refused("--method heavy-ball --step-size 0.1 --momentum 1.5", &["momentum = 1.5"]);
    refused("--method triple-momentum --mu 2 --L 1", &["--convexity", "--smoothness 1"]);
    refused("--method three-parameter --a -1 --b 0 --eta 0", &["a = -1"]);
    refused("--method three-parameter --a 1 --b 2 --eta 0", &["b = 2"]);
    refused("--method nesterov --step-size 0.1 --momentum 0.5 --eta 1", &["--eta", "--step-size --momentum"]);
    refused("--method newton", &["--method", "newton"]);
}

#[test]
fn folders_that_cannot_be_written() {
    let place = Place::new();
    place.write("file", "");
    refused(&place, "check stability-region --effort quick --out file", &["--out file", "expected a folder"]);
    refused(
        &place,
        "check stability-region --effort quick --out file/below",
        &["--out file/below", "cannot create"],
    );
    // A folder in use: the lock is held by this process.
    std::fs::create_dir(place.0.path().join("busy")).unwrap();
    let lock = std::fs::File::create(place.0.path().join("busy/.lock")).unwrap();
    lock.lock().unwrap();
    refused(&place, "check stability-region --effort quick --out busy", &["--out busy", "another run"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named() {
    let place = Place::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dinlab"));
    let output =
        command.args(["list", "objectives"]).current_dir(place.0.path()).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("standard output") && message.contains("No space left"), "{message}");
}
