//! Stories of the relay: its core driven by hand, and the program over HTTP, WebSocket and the command line.

mod bad_inputs;
mod core;
mod held;
mod program;
mod readers;
mod rights;
mod world;
