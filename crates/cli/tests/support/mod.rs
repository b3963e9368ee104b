//! The real binary in an empty folder of its own.

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A place to run the binary in; gone when dropped.
pub struct Place(pub TempDir);

/// How a run ended.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Runs `dinlab` with the words of a line; words with spaces are not needed.
    pub fn run(&self, line: &str) -> Ran {
        self.run_words(&line.split_whitespace().collect::<Vec<_>>())
    }

    pub fn run_words(&self, words: &[&str]) -> Ran {
        let output = self.command().args(words).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dinlab"));
        command.current_dir(self.0.path());
        command
    }

    /// The one JSON record of a successful run.
    #[allow(dead_code)] // not every test file that includes this module uses it
    pub fn record(&self, line: &str) -> Value {
        let ran = self.run(&format!("{line} --json"));
        assert_eq!(ran.code, 0, "{line}: {}", ran.stderr);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{line}: {error}\n{}", ran.stdout))
    }

    /// Names of everything in the folder, sorted.
    #[allow(dead_code)] // not every test file that includes this module uses it
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[allow(dead_code)] // not every test file that includes this module uses it
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.0.path().join(name), content).unwrap();
    }
}
