//! The protocol from outside: what stands on the wire, and the relay's half of a connection.

mod frames;
mod relay;
