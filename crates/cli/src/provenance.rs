//! Where a record comes from, filled in from the build and the running process.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use dinlab_record::Provenance;

/// Version with commit, for `--version`.
pub const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (commit ",
    env!("DINLAB_COMMIT"),
    ", ",
    env!("DINLAB_TOOLCHAIN"),
    ")"
);

/// The clock and the command line of this process.
#[derive(Debug, Clone)]
pub struct Origin {
    started: SystemTime,
    begun: Instant,
    command: String,
}

impl Origin {
    /// Starts the clock. `arguments` are the effective ones, without the program's name.
    pub fn new(arguments: &[std::ffi::OsString]) -> Self {
        let words = arguments.iter().map(|word| quoted(&word.to_string_lossy()));
        let command = std::iter::once("dinlab".to_owned()).chain(words).collect::<Vec<_>>().join(" ");
        Self { started: SystemTime::now(), begun: Instant::now(), command }
    }

    /// Provenance of a record written now.
    pub fn provenance(&self, seed: u64) -> Provenance {
        let seconds = self.started.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        Provenance {
            version: env!("CARGO_PKG_VERSION").into(),
            commit: env!("DINLAB_COMMIT").into(),
            dirty: env!("DINLAB_DIRTY") == "true",
            toolchain: env!("DINLAB_TOOLCHAIN").into(),
            target: env!("DINLAB_TARGET").into(),
            seed,
            command: self.command.clone(),
            started: rfc3339(seconds),
            wall_seconds: self.begun.elapsed().as_secs_f64(),
        }
    }
}

/// A word as a POSIX shell reads it back.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=.,:/+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Seconds since 1970-01-01T00:00:00Z as RFC 3339. Days become a date of the proleptic Gregorian calendar by
/// counting in eras of 400 years that start on 1 March (H. Hinnant, "chrono-compatible low-level date algorithms").
fn rfc3339(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z", second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }

    #[test]
    fn commands_can_be_pasted_into_a_shell() {
        let words = ["simulate", "--objective", "expr:100*(y-abs(x))^2", "--start=-1.5,0", "it's", ""];
        let words: Vec<_> = words.iter().map(Into::into).collect();
        assert_eq!(
            Origin::new(&words).command,
            r"dinlab simulate --objective 'expr:100*(y-abs(x))^2' --start=-1.5,0 'it'\''s' ''"
        );
    }
}
