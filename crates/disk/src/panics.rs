//! Panics that quote nothing.

/// From now on a panic anywhere in the process says only where it was: its message could quote a plan. For programs, at
/// their start.
pub fn keep_panics_short() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |l| format!(" ({}:{})", l.file(), l.line()));
        #[allow(clippy::disallowed_macros, reason = "the last words of a program that has no other voice left")]
        {
            eprintln!("The program met something it did not expect{place}. What was saved is safe.");
        }
    }));
}
