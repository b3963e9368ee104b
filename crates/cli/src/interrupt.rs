//! Ctrl-C: the first one asks for a stop that keeps what is finished, the second one stops at once.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;

use crate::{output, session::Exit};

static RAISED: AtomicBool = AtomicBool::new(false);

/// Installs the handler and returns the flag that it raises.
pub fn install() -> anyhow::Result<&'static AtomicBool> {
    ctrlc::set_handler(|| {
        if RAISED.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
        output::stderr("interrupted: keeping what is finished; Ctrl-C again stops at once");
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(&RAISED)
}
