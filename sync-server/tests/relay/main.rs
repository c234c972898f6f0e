//! Stories of the relay: the relay driven by hand, and the program over HTTP, WebSocket and the command line.

mod acts;
mod bad_inputs;
mod by_hand;
mod directory;
mod held;
mod program;
mod put_back;
mod readers;
mod rights;
mod world;
