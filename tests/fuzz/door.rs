#![no_main]
//! The target of the name that this was built under.

// The searcher ends at every panic, also at those of a decoder that the gate catches and turns into a refusal. Only one that nobody
// catches is a find: it ends the program by itself.
libfuzzer_sys::fuzz_target!(init: std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))), |bytes: &[u8]| {
    let target = harness::fuzz::TARGETS.iter().find(|(name, _)| *name == env!("CARGO_BIN_NAME"));
    target.expect("a target of that name").1(bytes);
});
