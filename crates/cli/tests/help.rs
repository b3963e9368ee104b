//! The help of every command, word for word: users script against the options. After a wanted change,
//! `UPDATE_GOLDEN=1 cargo test -p dinlab-cli --test help` writes the texts again; read the difference before committing.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use std::path::Path;

use support::Place;

#[test]
fn help_reads_as_it_did() {
    let place = Place::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/help");
    let main = place.run("--help").stdout;
    let commands =
        main.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() >= 14, "{names:?}");
    let mut texts = vec![("dinlab", main.clone())];
    texts.extend(names.into_iter().map(|name| (name, place.run(&format!("help {name}")).stdout)));
    for (name, text) in &texts {
        let path = folder.join(format!("{name}.txt"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, text).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(&golden, text, "the help of `{name}` changed; see the head of this file");
    }
    let files = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, texts.len(), "a text of a command that is gone");
}
