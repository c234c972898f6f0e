//! What came after the first release and the other side has to know of: words of `features` in `hello` and `welcome`. Who does not say
//! one has never heard of it.

/// Envelopes of version 2, which name their incarnation.
pub const ENVELOPE_2: &str = "envelope-2";

/// All that this version knows.
pub const ALL: [&str; 1] = [ENVELOPE_2];

/// As they are said in a frame.
pub fn said() -> Vec<String> {
    ALL.map(str::to_owned).to_vec()
}
