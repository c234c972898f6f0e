//! For every question of the bank and every pair of edits by two people apart, in every order: what is read is equal everywhere, and is
//! a value that somebody entered, both values, or prose that holds both.

use plan::Kind;

use crate::*;

const BEFORE: &str = "A quiet room. Ten minutes before break.";

/// Two different values for a question or a column; none where nothing is entered there.
fn two(place: &str, kind: Kind, options: &[plan::Choice]) -> Option<[Value; 2]> {
    let texts = match kind {
        Kind::Choice | Kind::MultiChoice if options.len() < 2 => return None,
        Kind::Choice | Kind::MultiChoice => [options[0].value.as_str(), options[1].value.as_str()],
        Kind::Text | Kind::LongText => ["A walk with Mr Rookhurst.", "Music in the corridor."],
        Kind::Date => ["2026-02-26", "2026-03-03"],
        Kind::Number => ["4", "5"],
        Kind::Money => ["38.00", "520.00"],
        Kind::YesNo => ["yes", "no"],
        Kind::Person | Kind::Attachment => ["Odile Marrowfield", "Ottoline Greaves-Penn"],
        Kind::Table | Kind::TargetList | Kind::Picture => return None,
    };
    Some(texts.map(|text| parse_value(place, text).unwrap_or_else(|refused| panic!("{place}: {refused}"))))
}

/// What two people may do to a question, by name; the first is also how it begins.
fn pairs([one, other]: &[Value; 2], question: &Question) -> Vec<[Option<Edit>; 2]> {
    let id = || question.id.clone();
    let put = |value: &Value| Some(Edit::Choose { question: id(), value: value.clone() });
    let clear = || Some(Edit::Clear { question: id() });
    let confirm = || Some(Edit::Confirm { question: id() });
    vec![
        [put(one), put(other)],
        [put(one), put(one)],
        [put(one), clear()],
        [clear(), put(other)],
        [confirm(), put(other)],
        [put(one), None],
    ]
}

fn device(name: &str, kind: DocumentKind, pep: &Pep, number: u8) -> Device {
    Device::with(name, pep.clone(), kind, number)
}

/// The answer in the light of an empty plan around it.
fn answer(device: &Device, question: &str) -> Answer {
    let main = from_genesis(&device.pep, DocumentKind::Main, ActorId::from(&[8_u8; 16][..]));
    let document = Some(&device.document);
    let documents = match device.kind {
        DocumentKind::Main => Documents::main(&device.document),
        DocumentKind::Contact => Documents { contact: document, ..Documents::main(&main) },
        DocumentKind::Family => Documents { family: document, ..Documents::main(&main) },
        DocumentKind::PrivateVoice => Documents { private_voice: document, ..Documents::main(&main) },
        DocumentKind::Quality => Documents { quality: document, ..Documents::main(&main) },
    };
    read(documents, &device.pep, &authors).answers[question].clone()
}

fn people(pep: &Pep, question: &Question) -> Vec<&'static str> {
    let writers = pep.process().writers_of(question);
    TEAM.iter().filter(|(_, role)| writers.contains(role)).map(|(name, _)| *name).collect()
}

fn is_one_of(found: &Answer, before: Option<&Value>, entered: &[Value]) -> bool {
    let known = |value: &Value| entered.iter().chain(before).any(|one| one.to_string() == value.to_string());
    let prose = |text: &String| {
        known(&Value::Text(text.clone())) || entered.iter().all(|value| text.contains(&value.to_string()))
    };
    match found {
        Answer::Missing => true,
        Answer::Value(value) => known(value),
        Answer::Set(words) => known(&Value::Set(words.clone())),
        Answer::Disputed(claims) => claims.len() > 1 && claims.iter().all(|claim| known(&claim.value)),
        // Who entered the same apart has it twice, which is said beside it.
        Answer::Text { text } => prose(text),
        Answer::Voices(voices) => voices.iter().all(|voice| prose(&voice.text)),
        _ => false,
    }
}

#[test]
fn r4_11_every_pair_of_edits_to_every_question_is_read_alike_and_as_somebody_meant_it() {
    let known = Processes::built_in();
    let shapes = [known.latest("sections").unwrap(), known.get("sections", 2).unwrap()];
    let mut tried = BTreeSet::new();
    for (pep, question) in shapes.into_iter().flat_map(|process| {
        let pep = Pep { process, ..idris() };
        bank().questions().iter().map(move |question| (pep.clone(), question))
    }) {
        let Some(values) = two(&question.id, question.kind, &question.options) else { continue };
        let writers = people(&pep, question);
        let (Some(first), Some(last)) = (writers.first(), writers.last()) else { continue };
        // The old shape is another for lines of text and several choices alone.
        let old = pep.schema() == 1;
        if old && !matches!(question.kind, Kind::Text | Kind::MultiChoice) {
            continue;
        }
        // One person's two devices write apart as two people do.
        let (a, b) = (first, if question.kind == Kind::LongText { first } else { last });
        for begun in [false, true] {
            let mut start = device(a, question.document(), &pep, 1);
            let before = match question.kind {
                Kind::LongText => Value::Text(BEFORE.into()),
                _ => values[1].clone(),
            };
            let begin = Edit::Choose { question: question.id.clone(), value: before.clone() };
            // What is not asked in an empty plan is not written.
            if start.clone().try_edit(std::slice::from_ref(&begin)).is_err() {
                continue;
            }
            if begun {
                start.edit(begin);
                if question.may_be_carried() {
                    start.edit(Edit::Carry { question: question.id.clone(), text: None, ask: true });
                }
            }
            for pair in pairs(&values, question) {
                tried.insert(question.id.as_str());
                let mut both = [device(a, question.document(), &pep, 2), device(b, question.document(), &pep, 3)];
                for (device, edit) in both.iter_mut().zip(&pair) {
                    device.receive(&start);
                    if let Some(edit) = edit {
                        device.edit(edit.clone());
                    }
                }
                let [one, other] = &both;
                let (mut forwards, mut backwards) = (one.clone(), other.clone());
                let mut third = device(a, question.document(), &pep, 4);
                forwards.receive(other);
                backwards.receive(one);
                third.receive(other);
                third.receive(one);
                let found = answer(&forwards, &question.id);
                assert!(found == answer(&backwards, &question.id) && found == answer(&third, &question.id));
                let entered: Vec<Value> = pair
                    .iter()
                    .flatten()
                    .filter_map(|edit| match edit {
                        Edit::Choose { value, .. } => Some(value.clone()),
                        _ => None,
                    })
                    .collect();
                let before = begun.then_some(&before);
                assert!(
                    is_one_of(&found, before, &entered),
                    "{} by {a} and {b}, begun: {begun}: {}",
                    question.id,
                    found.to_json()
                );
                let differ = entered.len() == 2 && entered[0] != entered[1];
                let lost = matches!(found, Answer::Missing | Answer::Value(_) | Answer::Set(_));
                let unchanged = before.is_some_and(|before| entered.contains(before));
                assert!(!(differ && lost) || unchanged, "{}: one was chosen silently", question.id);
            }
        }
    }
    assert!(tried.len() > 70, "{}", tried.len());
}
