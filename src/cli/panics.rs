//! What is left of panics: one sentence on standard error, and what was found until then.

use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

use super::terminal::report_mistake;

static INSTALLED: Once = Once::new();

/// From now on, reports each panic in one sentence.
pub fn report() {
    INSTALLED.call_once(|| panic::set_hook(Box::new(|info| report_mistake(&sentence(info)))));
}

/// The sentence about a panic. What the panic says itself can quote a secret.
fn sentence(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map_or_else(String::new, |place| {
        format!(" ({}:{})", place.file(), place.line())
    });
    format!(
        "secsync made a mistake of its own{place}, and this result is not complete.\n  Please report \
         it with the command and what is special about the files."
    )
}

/// What a work comes to; `None` if it panicked, which was reported.
pub fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(work)).ok()
}
