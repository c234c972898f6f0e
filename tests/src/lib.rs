//! What the stories share: a seeded world of participants and a relay without sockets ([`sim`]), and real programs on real sockets ([`world`]).

pub mod load;
pub mod sim;
pub mod world;
