//! What lies in journals, pinned: every variant of [`Event`] with its fields and its bytes, in `fixtures/records`. Why they do not
//! change, and how the journal learns to say something new all the same, stands at [`Event`].

#![expect(clippy::disallowed_methods, reason = "golden files are read where the tests run")]

use std::{collections::BTreeSet, fmt, path::Path};

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};
use serde_bytes::{ByteArray, ByteBuf};
use sync::{Cursor, frame::WireTip};

use replica::{
    cbor::{from_cbor, to_cbor},
    event::{Event, LAYOUT},
};

/// Variants and fields, as they are written, of the record kinds that there are.
const WRITTEN: [(&str, &[&str]); 7] = [
    ("Start", &["doc", "genesis"]),
    ("Envelope", &["doc", "number", "cursor", "waits", "bytes"]),
    ("Snapshot", &["doc", "cursor", "bytes", "tips"]),
    ("Fact", &["key", "value"]),
    ("Held", &["doc", "hash", "why"]),
    ("Aside", &["doc", "numbers", "rest", "from", "again"]),
    ("Erased", &["doc"]),
];

/// Said where somebody changes them.
const RULE: &str = "Programs that people have leave out of the journal a record whose variant they do not know, and of a record the \
                    fields that they do not know. So nothing is added here: make a new record kind beside SEALED and SEALED_REST, and \
                    raise LAYOUT (see the documentation of Event)";

/// Layouts whose records are sealed events: only what a tip or an envelope inside one may say differs.
const LAYOUTS: [u32; 2] = [2, LAYOUT];

/// One of each, with everything in it that this layout knows.
fn one_of_each(layout: u32) -> [Event; 7] {
    let doc = [1; 16];
    let cursor = Cursor { epoch: [2; 16], seq: 3, hash: Some(ByteArray::new([4; 32])) };
    let incarnation = (layout > 2).then_some(ByteArray::new([25; 16]));
    let tip = WireTip { actor: [5; 16], incarnation, seq: 6, hash: [7; 32], device_id: [8; 16], sig: [9; 64] };
    [
        Event::Start { doc, genesis: vec![0x85, 0x6f] },
        Event::Envelope { doc, number: 10, cursor: Some(cursor), waits: true, bytes: vec![11, 12] },
        Event::Snapshot { doc, cursor, bytes: vec![13, 14], tips: vec![tip] },
        Event::Fact { key: b"kept/settings".to_vec(), value: Some(ByteBuf::from([15, 16])) },
        Event::Held { doc, hash: [17; 32], why: Some(ByteBuf::from([18])) },
        Event::Aside {
            doc,
            numbers: vec![19, 20],
            rest: Some(ByteBuf::from([21])),
            from: 22,
            again: vec![ByteBuf::from([23]), ByteBuf::from([24])],
        },
        Event::Erased { doc },
    ]
}

#[test]
fn what_a_journal_says_has_these_variants_and_fields_and_no_others() {
    let Err(Asked(variants)) = Event::deserialize(Ask { variant: None }) else { panic!("no enum was asked for") };
    assert_eq!(variants, WRITTEN.map(|(variant, _)| variant), "{RULE}");
    for (variant, fields) in WRITTEN {
        let Err(Asked(found)) = Event::deserialize(Ask { variant: Some(variant) }) else {
            panic!("no fields were asked for")
        };
        assert_eq!(found, fields, "{variant}: {RULE}");
    }
}

#[test]
fn every_variant_has_the_bytes_of_its_golden_file_and_is_read_from_them() {
    let write = std::env::var_os("OPENPEP_GOLDEN").is_some_and(|value| value == "write");
    for (layout, is_last) in LAYOUTS.map(|layout| (layout, layout == LAYOUT)) {
        check_golden(layout, write && is_last);
    }
}

fn check_golden(layout: u32, write: bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../fixtures/records/v{layout}"));
    let mut names = BTreeSet::new();
    for (event, (variant, _)) in one_of_each(layout).iter().zip(WRITTEN) {
        let name = format!("{}.cbor", variant.to_lowercase());
        let path = folder.join(&name);
        if write {
            std::fs::write(&path, to_cbor(event)).unwrap();
        }
        let golden = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(to_cbor(event), golden, "{variant}: {RULE}");
        let read: Event = from_cbor(&golden).unwrap();
        assert_eq!(format!("{read:?}"), format!("{event:?}"), "{variant}");
        names.insert(name);
    }
    let found = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(found.collect::<BTreeSet<_>>(), names, "a golden file without a variant, or the other way round");
}

/// Answers whoever reads an enum from it with what was asked for: the enum's variants, or the fields of one of them.
struct Ask {
    variant: Option<&'static str>,
}

/// Names that were asked for.
#[derive(Debug)]
struct Asked(&'static [&'static str]);

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Asked {}

impl de::Error for Asked {
    fn custom<T: fmt::Display>(_: T) -> Asked {
        Asked(&[])
    }
}

impl<'de> Deserializer<'de> for Ask {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked(&[]))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Asked> {
        match self.variant {
            Some(_) => visitor.visit_enum(self),
            None => Err(Asked(variants)),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

impl<'de> de::EnumAccess<'de> for Ask {
    type Error = Asked;
    type Variant = Ask;

    fn variant_seed<S: de::DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Ask), Asked> {
        let name = de::value::StrDeserializer::new(self.variant.unwrap_or_default());
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Ask {
    type Error = Asked;

    fn unit_variant(self) -> Result<(), Asked> {
        Err(Asked(&[]))
    }

    fn newtype_variant_seed<S: de::DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, Asked> {
        Err(Asked(&[]))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Asked> {
        Err(Asked(&[]))
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], _: V) -> Result<V::Value, Asked> {
        Err(Asked(fields))
    }
}
