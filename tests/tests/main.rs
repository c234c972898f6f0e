//! What crosses rooms, and the keepers of the house: one program, so that everything is linked once and not for each file.

mod acts;
mod circles;
mod copied;
mod corpus;
mod council;
mod decisions;
mod disk;
mod doors;
mod every_child;
mod forgotten;
mod generations;
mod held;
mod house;
mod kill;
mod layouts;
mod leaving;
mod moved;
mod older;
mod relay_key;
mod requirements;
mod rest;
mod rights;
mod second_client;
mod simulation;
mod stories;
mod transcripts;
