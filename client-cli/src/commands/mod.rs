//! The commands, a file each: the doc comment of `Args` is the help, `run` does it.

pub mod check;
pub mod child;
pub mod comment;
pub mod completions;
pub mod conflicts;
pub mod demo;
pub mod diff;
pub mod doctor;
pub mod export;
pub mod held;
pub mod history;
pub mod join;
pub mod list;
pub mod new;
pub mod open;
pub mod process;
pub mod resolve;
pub mod row;
pub mod set;
pub mod show;
pub mod status;
pub mod sync;
pub mod target;
pub mod whoami;
pub mod write;
