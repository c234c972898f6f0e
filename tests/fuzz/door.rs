#![no_main]
//! The target of the name that this was built under.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let target = harness::fuzz::TARGETS.iter().find(|(name, _)| *name == env!("CARGO_BIN_NAME"));
    target.expect("a target of that name").1(bytes);
});
