//! What a side can do beyond the first `openpep/1`, in words: `hello` and `welcome` say them, and each side keeps to what both know.
//!
//! | word | with it on both sides | without it |
//! |---|---|---|
//! | [`MARKS`] | the relay hands out [`Mark`](crate::Mark)s, and the device hands the newest back in `hello` | a relay that was put back without a trace finds that out by no mark; what it lost comes back with the cursors that do not fit, document by document |
//! | [`ENTRIES`] | the directory comes as signed entries, each when it changes | as a whole `roster`, at every change |
//! | [`ENVELOPE_2`] | envelopes and tips that name their incarnation | a device keeps what it wrote for a relay that can read it; a relay sends as much of a log as the device can read, then `error` of code `newer` for the document |
//! | [`ACTS`] | people have the directory do something by a sentence that their device signs | the relay's keeper does it |

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};

/// Proof that a relay was put back.
pub const MARKS: &str = "marks";
/// The directory as signed entries.
pub const ENTRIES: &str = "entries";
/// Envelopes of version 2, which name their incarnation.
pub const ENVELOPE_2: &str = "envelope-2";
/// What people have the directory do.
pub const ACTS: &str = "acts";

/// Words read of one list: many times as many as there are. What is beyond is passed over.
pub const WORDS_MAX: usize = 64;
/// Longest word, in bytes. A longer one is passed over.
pub const WORD_BYTES_MAX: usize = 64;

/// The words of one side, in order, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features(BTreeSet<String>);

impl Features {
    /// What this version can do.
    pub fn ours() -> Features {
        Features::of(&[ENTRIES, MARKS, ENVELOPE_2, ACTS])
    }

    /// These words.
    pub fn of(words: &[&str]) -> Features {
        Features(words.iter().map(|word| word.to_string()).collect())
    }

    /// Whether the word is among them.
    pub fn has(&self, word: &str) -> bool {
        self.0.contains(word)
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Features {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de> Deserialize<'de> for Features {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Features, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Features;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of words")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Features, A::Error> {
                let mut words = BTreeSet::new();
                let mut read = 0;
                while read < WORDS_MAX
                    && let Some(word) = list.next_element::<String>()?
                {
                    read += 1;
                    if word.len() <= WORD_BYTES_MAX {
                        words.insert(word);
                    }
                }
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Features(words))
            }
        }
        deserializer.deserialize_seq(Words)
    }
}
