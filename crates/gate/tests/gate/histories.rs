//! Genuine work is never refused: four people write at once, offline and online, and end with the same document.

use automerge::transaction::Transactable;
use automerge::{Automerge, ObjId, ObjType, Prop, ROOT, ReadDoc, ScalarValue};
use gate::Envelope;
use proptest::prelude::*;

use crate::world::*;

/// One thing one person does. Positions and choices are taken modulo what is there.
#[derive(Debug, Clone)]
pub enum Deed {
    Type {
        at: usize,
        text: String,
    },
    Erase {
        at: usize,
        count: usize,
    },
    Rewrite {
        text: String,
    },
    Put {
        key: u8,
        value: Value,
    },
    Take {
        key: u8,
    },
    Row {
        key: u8,
    },
    FillRow {
        key: u8,
        value: Value,
    },
    Insert {
        at: usize,
        value: Value,
    },
    Overwrite {
        at: usize,
        value: Value,
    },
    Remove {
        at: usize,
    },
    Count {
        key: u8,
        by: i64,
    },
    Several {
        text: String,
        value: Value,
    },
    /// Sends everything unsent to everybody who is online with this person.
    Send {
        to: u8,
    },
}

#[derive(Debug, Clone)]
pub enum Value {
    Text(String),
    Int(i64),
    Uint(u64),
    Float(f64),
    Time(i64),
    Bool(bool),
    Null,
    Counter(i32),
}

impl From<&Value> for ScalarValue {
    fn from(value: &Value) -> Self {
        match value {
            Value::Text(text) => text.as_str().into(),
            Value::Int(n) => ScalarValue::Int(*n),
            Value::Uint(n) => ScalarValue::Uint(*n),
            Value::Float(n) => ScalarValue::F64(*n),
            Value::Time(n) => ScalarValue::Timestamp(*n),
            Value::Bool(yes) => ScalarValue::Boolean(*yes),
            Value::Null => ScalarValue::Null,
            Value::Counter(n) => ScalarValue::counter(i64::from(*n)),
        }
    }
}

pub fn deeds(most: usize) -> impl Strategy<Value = Vec<(usize, Deed)>> {
    let word = || prop_oneof!["[a-z ]{1,12}", "\\PC{1,4}", "[é日🙂👩‍🏫]{1,4}", "[a-z]{300}"];
    let value = || {
        prop_oneof![
            word().prop_map(Value::Text),
            any::<i64>().prop_map(Value::Int),
            any::<u64>().prop_map(Value::Uint),
            any::<f64>().prop_map(Value::Float),
            any::<i64>().prop_map(Value::Time),
            any::<bool>().prop_map(Value::Bool),
            Just(Value::Null),
            any::<i32>().prop_map(Value::Counter),
        ]
    };
    let at = || 0..200usize;
    let key = || 0..3u8;
    let deed = prop_oneof![
        6 => (at(), word()).prop_map(|(at, text)| Deed::Type { at, text }),
        3 => (at(), 1..9usize).prop_map(|(at, count)| Deed::Erase { at, count }),
        1 => word().prop_map(|text| Deed::Rewrite { text }),
        3 => (key(), value()).prop_map(|(key, value)| Deed::Put { key, value }),
        1 => key().prop_map(|key| Deed::Take { key }),
        1 => key().prop_map(|key| Deed::Row { key }),
        2 => (key(), value()).prop_map(|(key, value)| Deed::FillRow { key, value }),
        2 => (at(), value()).prop_map(|(at, value)| Deed::Insert { at, value }),
        2 => (at(), value()).prop_map(|(at, value)| Deed::Overwrite { at, value }),
        1 => at().prop_map(|at| Deed::Remove { at }),
        2 => (key(), any::<i16>()).prop_map(|(key, by)| Deed::Count { key, by: by.into() }),
        1 => (word(), value()).prop_map(|(text, value)| Deed::Several { text, value }),
        4 => any::<u8>().prop_map(|to| Deed::Send { to }),
    ];
    proptest::collection::vec((0..4usize, deed), 1..most)
}

/// Four people and everything they have sent so far.
pub struct Team {
    pub people: Vec<Participant>,
    pub roster: gate::Team,
    sent: Vec<Envelope>,
    /// How many of these each person has been given.
    given: Vec<usize>,
}

impl Team {
    pub fn new() -> Self {
        let people: Vec<Participant> = (1..=4).map(Participant::new).collect();
        let roster = roster(&people.iter().map(|person| &person.device).collect::<Vec<_>>());
        Team { people, roster, sent: vec![], given: vec![0; 4] }
    }

    pub fn play(&mut self, deeds: &[(usize, Deed)]) {
        for (who, deed) in deeds {
            match deed {
                Deed::Send { to } => self.send(*who, *to),
                deed => perform(&mut self.people[*who], deed),
            }
        }
    }

    /// Everyone gets everything.
    pub fn meet(&mut self) {
        (0..self.people.len()).for_each(|who| self.send(who, 0));
        self.send(0, u8::MAX);
    }

    /// Sends what `who` has not sent yet, and gives those people everything they have not been given.
    fn send(&mut self, who: usize, to: u8) {
        self.sent.extend(self.people[who].seal());
        for (other, (person, given)) in self.people.iter_mut().zip(&mut self.given).enumerate() {
            if to & (1 << other) != 0 {
                for envelope in &self.sent[*given..] {
                    person.take(envelope, &self.roster).unwrap();
                }
                *given = self.sent.len();
            }
        }
    }
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn four_people_writing_at_once_are_never_refused_and_converge(deeds in deeds(50)) {
        let mut team = Team::new();
        team.play(&deeds);
        team.meet();
        let [first, others @ ..] = team.people.as_slice() else { unreachable!() };
        let changes: usize = first.document.get_changes(&[]).len();
        prop_assert_eq!(first.index.changes(), changes - 1);
        for person in others {
            prop_assert_eq!(first.index.heads(), person.index.heads());
            prop_assert_eq!(first.document.get_heads(), person.document.get_heads());
            prop_assert_eq!(shown(&first.document), shown(&person.document));
        }
        for person in &team.people {
            let heads: Vec<_> = person.document.get_heads().iter().map(|head| head.0).collect();
            prop_assert_eq!(person.index.heads(), heads);
        }
        let loaded = load(&first.document);
        prop_assert_eq!(shown(&first.document), shown(&loaded));
        let again = gate::reindex(&loaded, &genesis()).unwrap();
        prop_assert_eq!(first.index.heads(), again.heads());
        prop_assert_eq!(first.index.changes(), again.changes());
    }
}

#[test]
fn long_typing_is_sent_deflated_and_admitted() {
    let (mut odile, mut lorcan) = (Participant::new(1), Participant::new(2));
    let story = story(&odile.document);
    let said = "Well: maths and food. Hard: English, too much writing. ".repeat(20);
    let envelope = odile.say(|tx| tx.splice_text(&story, 0, 0, &said));
    assert_eq!(envelope.chunks[8], 2, "the chunk is a deflated one");
    lorcan.take(&envelope, &roster(&[&odile.device])).unwrap();
    assert_eq!(lorcan.document.text(&story).unwrap(), said + "W");
}

#[test]
fn an_increment_where_a_counter_and_another_value_conflict_is_admitted() {
    let (mut odile, mut lorcan) = (Participant::new(1), Participant::new(2));
    let roster = roster(&[&odile.device, &lorcan.device]);
    let number = odile.say(|tx| tx.put(ROOT, "sessions", 3));
    let counter = lorcan.say(|tx| tx.put(ROOT, "sessions", ScalarValue::counter(4)));
    odile.take(&counter, &roster).unwrap();
    lorcan.take(&number, &roster).unwrap();
    lorcan.take(&odile.say(|tx| tx.increment(ROOT, "sessions", 1)), &roster).unwrap();
    assert_eq!(shown(&odile.document), shown(&lorcan.document));
    assert_eq!(shown(&load(&odile.document)), shown(&odile.document));
}

/// So many cases, and as many times more as `PROPTEST_CASES` exceeds 256: for a long search.
pub fn config(cases: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: (cases * usual.cases).div_ceil(256), failure_persistence: None, ..usual }
}

/// Everything a reader can see of the document, conflicts too, in one order.
pub fn shown(document: &Automerge) -> String {
    fn show(document: &Automerge, object: &ObjId, out: &mut String) {
        let kind = document.object_type(object).unwrap();
        if kind == ObjType::Text {
            out.push_str(&document.text(object).unwrap());
        }
        let places: Vec<Prop> = match kind {
            ObjType::Map | ObjType::Table => document.keys(object).map(Prop::Map).collect(),
            ObjType::List | ObjType::Text => (0..document.length(object)).map(Prop::Seq).collect(),
        };
        for place in places {
            for (value, id) in document.get_all(object, place.clone()).unwrap() {
                out.push_str(&format!("[{place} {id} {value:?} "));
                if value.is_object() {
                    show(document, &id, out);
                }
                out.push(']');
            }
        }
    }
    let mut out = String::new();
    show(document, &ROOT, &mut out);
    out
}

pub fn load(document: &Automerge) -> Automerge {
    let options = automerge::LoadOptions::new().text_encoding(automerge::TextEncoding::Utf16CodeUnit);
    let loaded = Automerge::load_with_options(&document.save(), options).unwrap();
    assert_eq!(loaded.get_heads(), document.get_heads());
    loaded
}

pub fn story(document: &Automerge) -> ObjId {
    child(document, &child(document, &ROOT, "answers"), "story")
}

fn child(document: &Automerge, object: &ObjId, key: &str) -> ObjId {
    document.get(object, key).unwrap().unwrap().1
}

fn perform(person: &mut Participant, deed: &Deed) {
    let document = &person.document;
    let answers = child(document, &ROOT, "answers");
    let (story, targets) = (child(document, &answers, "story"), child(document, &answers, "targets"));
    let (letters, rows) = (document.length(&story), document.length(&targets));
    let name = |key: &u8| format!("key-{key}");
    let row = |key: &u8| match document.get(&answers, format!("row-{key}")).unwrap() {
        Some((automerge::Value::Object(ObjType::Map), row)) => Some(row),
        _ => None,
    };
    match deed {
        Deed::Type { at, text } => {
            // Positions are UTF-16 units and may fall inside a pair; Automerge rounds them.
            let at = at % (letters + 1);
            person.write(|tx| tx.splice_text(&story, at, 0, text));
        }
        Deed::Erase { at, count } if letters > 0 => {
            let at = at % letters;
            let count = (*count).min(letters - at) as isize;
            person.write(|tx| tx.splice_text(&story, at, count, ""));
        }
        Deed::Rewrite { text } => person.write(|tx| tx.update_text(&story, text)),
        Deed::Put { key, value } => person.write(|tx| tx.put(&answers, name(key), value)),
        Deed::Take { key } => person.write(|tx| tx.delete(&answers, name(key))),
        Deed::Row { key } => person.write(|tx| tx.put_object(&answers, format!("row-{key}"), ObjType::Map)),
        Deed::FillRow { key, value } => {
            if let Some(row) = row(key) {
                person.write(|tx| tx.put(&row, "measure", value));
            }
        }
        Deed::Insert { at, value } => person.write(|tx| tx.insert(&targets, at % (rows + 1), value)),
        Deed::Overwrite { at, value } if rows > 0 => person.write(|tx| tx.put(&targets, at % rows, value)),
        Deed::Remove { at } if rows > 0 => person.write(|tx| tx.delete(&targets, at % rows)),
        Deed::Count { key, by } => {
            // Across a conflict with other values: see the test above.
            let values = document.get_all(&answers, name(key)).unwrap();
            if !values.is_empty() && values.iter().all(|(value, _)| value.is_counter()) {
                person.write(|tx| tx.increment(&answers, name(key), *by));
            } else {
                person.write(|tx| tx.increment(ROOT, "visits", *by));
            }
        }
        Deed::Several { text, value } => person.write(|tx| {
            let row = tx.put_object(&answers, "row-0", ObjType::Map)?;
            let remark = tx.put_object(&row, "remark", ObjType::Text)?;
            tx.splice_text(&remark, 0, 0, text)?;
            tx.put(&row, "measure", value)?;
            tx.put(&row, "count", ScalarValue::counter(1))?;
            tx.increment(&row, "count", 2)?;
            let steps = tx.insert_object(&targets, 0, ObjType::List)?;
            tx.insert(&steps, 0, value)?;
            tx.delete(&steps, 0)
        }),
        Deed::Erase { .. } | Deed::Overwrite { .. } | Deed::Remove { .. } | Deed::Send { .. } => {}
    }
}
