//! What the stories share: people who have joined a relay in one process ([`joined`]), a seeded world of them ([`sim`]), and real programs on real sockets ([`world`]).

pub mod beginnings;
pub mod children;
pub mod directory;
pub mod fuzz;
pub mod guard;
pub mod joined;
pub mod layouts;
pub mod load;
pub mod pages;
pub mod sim;
pub mod world;

/// Prints a line that is seen although the test passes: the test runner keeps back only what the printing macros say.
pub fn tell(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
