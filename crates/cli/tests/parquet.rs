//! `-o FILE.parquet`, built with `--features parquet`: the rows of `.npy`, the names of codes and the plan, read back.

#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use std::fs;

use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
};
use support::Place;

const PLAN: &str = "sweep --objective double-well --steps 300 --axis step-size=log:1e-3:1.5:40 --axis theta-1=linear:-2:2:5 \
    --axis theta-2=random:-1:1 --limit 1e-3 --measure value,oscillation --first-in 1,0:0.1 --quiet";

fn ok(place: &Place, line: &str) {
    let ran = place.run(line);
    assert_eq!(ran.code, 0, "{line}: {}", ran.stderr);
}

fn bytes(place: &Place, name: &str) -> Vec<u8> {
    fs::read(place.0.path().join(name)).unwrap()
}

fn open(place: &Place, name: &str) -> SerializedFileReader<fs::File> {
    SerializedFileReader::new(fs::File::open(place.0.path().join(name)).unwrap()).unwrap()
}

fn plan_in(reader: &impl FileReader) -> serde_json::Value {
    let entries = reader.metadata().file_metadata().key_value_metadata().unwrap();
    let plan = entries.iter().find(|entry| entry.key == "plan").unwrap();
    serde_json::from_str(plan.value.as_deref().unwrap()).unwrap()
}

/// The doubles of a `.npy` file of so many columns, row by row.
fn npy(bytes: &[u8], width: usize) -> Vec<Vec<f64>> {
    let begin = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let end = bytes.windows(8).position(|w| w == b"\n# plan:").unwrap();
    let numbers: Vec<f64> =
        bytes[begin..end].chunks(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
    numbers.chunks(width).map(<[f64]>::to_vec).collect()
}

const ENDINGS: [&str; 6] =
    ["reached-end", "converged", "diverged", "non-finite", "step-underflow", "budget-exhausted"];

#[test]
fn every_number_is_that_of_the_array_and_the_plan_is_there() {
    let place = Place::new();
    for name in ["a.parquet", "a.npy", "a.csv", "a.json"] {
        ok(&place, &format!("{PLAN} -o {name}"));
    }
    let reader = open(&place, "a.parquet");
    let fields = reader.metadata().file_metadata().schema().get_fields().to_vec();
    let names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
    let csv = String::from_utf8(bytes(&place, "a.csv")).unwrap();
    assert_eq!(names.join(","), csv.lines().nth(1).unwrap());
    let array = npy(&bytes(&place, "a.npy"), names.len());
    let mut endings = std::collections::BTreeSet::new();
    let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!((rows.len(), array.len()), (200, 200));
    for (row, numbers) in rows.iter().zip(&array) {
        for ((name, field), number) in row.get_column_iter().zip(numbers) {
            match field {
                Field::Double(value) => assert_eq!(value.to_bits(), number.to_bits(), "{name}"),
                Field::Str(text) => {
                    assert_eq!((name.as_str(), text.as_str()), ("status", ENDINGS[*number as usize]));
                    endings.insert(text.clone());
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
    assert!(endings.len() > 1, "the plan is to have several endings: {endings:?}");
    let json: serde_json::Value = serde_json::from_slice(&bytes(&place, "a.json")).unwrap();
    assert_eq!(plan_in(&reader), json["plan"]);
}

#[test]
fn threads_shards_and_a_merge_give_the_same_bytes() {
    let place = Place::new();
    ok(&place, &format!("{PLAN} -o one.parquet --jobs 1"));
    ok(&place, &format!("{PLAN} -o many.parquet --jobs 5"));
    assert!(bytes(&place, "one.parquet") == bytes(&place, "many.parquet"));
    for i in 1..=3 {
        ok(&place, &format!("{PLAN} --shard {i}/3 -o s{i}.sweep"));
    }
    ok(&place, "merge s2.sweep s3.sweep s1.sweep -o merged.parquet --quiet");
    assert!(bytes(&place, "one.parquet") == bytes(&place, "merged.parquet"));
}

#[test]
fn damage_is_seen_and_results_are_no_input_of_a_merge() {
    let place = Place::new();
    ok(&place, &format!("{PLAN} -o a.parquet"));
    let whole = bytes(&place, "a.parquet");
    place.write("short.parquet", &whole[..whole.len() - 100]);
    assert!(SerializedFileReader::new(fs::File::open(place.0.path().join("short.parquet")).unwrap()).is_err());
    let ran = place.run("merge a.parquet -o b.csv");
    assert!(ran.code == 2 && ran.stderr.contains("a.parquet"), "{}", ran.stderr);
    assert_eq!(place.names(), ["a.parquet", "short.parquet"]);
}

#[test]
fn reductions_and_trajectories_can_be_parquet() {
    let place = Place::new();
    ok(&place, &format!("{PLAN} --reduce grid:step-size,start-theta-1:value -o grid.parquet"));
    let grid = open(&place, "grid.parquet");
    assert_eq!(grid.metadata().file_metadata().num_rows(), 200);
    assert_eq!(plan_in(&grid)["objective"], "double-well");
    ok(&place, "simulate --objective hill --start -1.2,1.5 --until 5 --samples 31 --quiet -o run.parquet");
    let run = open(&place, "run.parquet");
    assert_eq!(run.metadata().file_metadata().num_rows(), 31);
    let names: Vec<String> =
        run.metadata().file_metadata().schema().get_fields().iter().map(|f| f.name().to_owned()).collect();
    assert_eq!(names[..3], ["t", "theta_1", "theta_2"]);
    assert!(plan_in(&run).is_object());
}
