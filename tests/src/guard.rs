//! What guarding costs, against what applying a change costs in the same run: the gate with its rules, one signature, sealing, and
//! the gate's memory.

use std::{collections::BTreeMap, hint::black_box, sync::Arc, time::Instant};

use automerge::{ActorId, Automerge, Change};
use gate::{Author, Envelope, Id, Index, Rules, Team, limits::NUMBERS_MAX};
use plan::{DocumentKind, Edit, Pep, Role, Writer};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::load::{
    process::{Spread, memory},
    spring_review,
};

const ROLES: [Role; 4] =
    [Role::SocialWorker, Role::DesignatedTeacher, Role::VirtualSchoolOfficer, Role::VirtualSchoolHead];
/// What each of them writes in, by turns; in the last all of them.
const TEXTS: [&str; 5] = ["care.story", "progress.schoolView", "qa.feedback", "qa.feedback", "meeting.notes"];
/// Changes that are measured in one go, each way in turn: what the machine does meanwhile meets all of them.
const LOT: usize = 40;
/// Indexes that are kept at once to see what one weighs.
const INDEXES: usize = 8;
/// What everybody writes under.
const INCARNATION: Id = [6; 16];
/// Unix seconds of the first change.
const NOW: i64 = 1_771_923_600;

/// A history that four people wrote at once in one plan, in the order of a log, and who they are.
struct History {
    pep: Pep,
    team: Team,
    envelopes: Vec<Envelope>,
    changes: Vec<Change>,
}

/// Microseconds for a change, each thing lot by lot in turn, and kilobytes of the index for 1,000 changes; of whole lots.
pub fn gate(changes: usize) -> Result<Value, String> {
    let changes = changes.next_multiple_of(LOT);
    let history = history(changes)?;
    let genesis = history.pep.genesis(DocumentKind::Main);
    let index = || Index::new(&genesis).map_err(|refusal| refusal.to_string());
    let free = Team { rules: rules(&free_rules())?, ..history.team.clone() };
    let key = disk::generate_key().map_err(|e| e.to_string())?;
    let actor = ActorId::from([9; 16]);
    let (mut ruled, mut unruled, mut own) = (index()?, index()?, index()?);
    let mut document = plan::from_genesis(&history.pep, DocumentKind::Main, actor.clone());
    let mut batched = plan::from_genesis(&history.pep, DocumentKind::Main, actor);
    let mut lots: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut time = |name: &'static str, work: &mut dyn FnMut() -> Result<(), String>| {
        let begun = Instant::now();
        let done = work();
        lots.entry(name).or_default().push(begun.elapsed().as_secs_f64() * 1e6 / LOT as f64);
        done
    };
    for (envelopes, changes) in history.envelopes.chunks(LOT).zip(history.changes.chunks(LOT)) {
        let admit = |index: &mut Index, team: &Team| {
            envelopes.iter().try_for_each(|envelope| index.admit(envelope, team).map(drop)).map_err(told)
        };
        time("gate", &mut || admit(&mut ruled, &history.team))?;
        time("gateWithFreeRules", &mut || admit(&mut unruled, &free))?;
        time("gateOfOwnJournal", &mut || {
            envelopes.iter().try_for_each(|envelope| own.readmit(envelope).map(drop)).map_err(told)
        })?;
        time("signature", &mut || envelopes.iter().try_for_each(|envelope| verify(envelope, &history.team)))?;
        let mut sealed = Vec::with_capacity(LOT);
        time("seal", &mut || {
            for envelope in envelopes {
                sealed.push(key.seal(&envelope.doc, &envelope.chunks).map_err(told)?);
            }
            Ok(())
        })?;
        time("unseal", &mut || {
            for (envelope, sealed) in envelopes.iter().zip(&sealed) {
                black_box(key.open(&envelope.doc, sealed).ok_or("What was sealed does not open.")?);
            }
            Ok(())
        })?;
        time("apply", &mut || changes.iter().try_for_each(|c| document.apply_changes([c.clone()])).map_err(told))?;
        time("applyInLots", &mut || batched.apply_changes(changes.iter().cloned()).map_err(told))?;
    }
    if document.get_heads() != batched.get_heads() || document.get_heads().len() != ruled.heads().len() {
        return Err("What the gate admitted and what was applied differ.".into());
    }
    let rounded = |value: f64, places: f64| (value * places).round() / places;
    let count = history.changes.len() as f64;
    // The median lot: in some the machine did something else.
    let median = |lots: &Vec<f64>| Spread::of(lots.iter().copied()).median;
    let apply = lots.get("apply").map(median).unwrap_or_default();
    let cost = |(name, lots): (&&str, &Vec<f64>)| {
        let (us, ratio) = (rounded(median(lots), 100.0), rounded(median(lots) / apply, 10_000.0));
        ((*name).to_owned(), json!({ "us": us, "ofApply": ratio }))
    };
    let costs: serde_json::Map<String, Value> = lots.iter().map(cost).collect();
    Ok(json!({
        "changes": history.changes.len(),
        "bytesEach": history.envelopes.iter().map(|e| e.chunks.len()).sum::<usize>() / history.envelopes.len().max(1),
        "cost": costs,
        "firstSight": first_sight(&history)?,
        "indexKiBPer1000": rounded(index_kib(&genesis, &history.envelopes)? * 1_000.0 / count, 10.0),
    }))
}

/// Microseconds for the first envelope of an actor, and how often what it costs where the envelope names its incarnation: one that does
/// not, of a low number and of a high one; one of nobody's, and another of the same author's after that.
fn first_sight(history: &History) -> Result<Value, String> {
    let genesis = history.pep.genesis(DocumentKind::Main);
    let begun = Index::new(&genesis).map_err(told)?;
    let doc: Id = history.pep.document(DocumentKind::Main).into_bytes();
    let key = writer_key(1)?;
    let author = Author { key: replica::public_key(&key), person: [1; 16] };
    let written = |actor: Id, incarnation: Option<Id>| {
        let mut document = plan::from_genesis(&history.pep, DocumentKind::Main, ActorId::from(actor));
        let writer = Writer::new(Uuid::from_bytes(author.person), ROLES[0]);
        let edit = Edit::Append { question: TEXTS[0].into(), text: "Twenty letters 0000 ".into() };
        plan::apply(&mut document, &history.pep, DocumentKind::Main, &writer, &[edit], NOW).map_err(told)?;
        let mut change = document.get_last_local_change().ok_or("Nothing was written.")?;
        let (seq, hash, chunks) = (change.seq(), change.hash().0, change.bytes().to_vec());
        let envelope = sync::sign(&key, gate::device_id(&author.key), doc, actor, seq, hash, chunks);
        Ok::<_, String>(Envelope { incarnation, ..envelope })
    };
    let numbered = |number: u32| written(gate::numbered_actor(&doc, &author, number), None);
    let nobodys = numbered(NUMBERS_MAX)?;
    let mut sought = begun.clone();
    black_box(sought.admit(&nobodys, &history.team).is_ok());
    let cases = [
        ("named", &begun, written(gate::actor_of(&doc, &author, &INCARNATION), Some(INCARNATION))?),
        ("numbered", &begun, numbered(0)?),
        ("numberedHigh", &begun, numbered(60_000)?),
        ("nobodys", &begun, nobodys.clone()),
        ("nobodysAgain", &sought, nobodys),
    ];
    let mut costs = serde_json::Map::new();
    let mut of_named = 0.0;
    for (name, index, envelope) in cases {
        let once = || {
            let mut index = index.clone();
            let begun = Instant::now();
            black_box(index.admit(&envelope, &history.team).is_ok());
            begun.elapsed().as_secs_f64() * 1e6
        };
        let us = Spread::of((0..LOT).map(|_| once()).collect::<Vec<_>>()).median;
        if of_named == 0.0 {
            of_named = us;
        }
        let rounded = |value: f64| (value * 100.0).round() / 100.0;
        costs.insert(name.into(), json!({ "us": rounded(us), "ofNamed": rounded(us / of_named) }));
    }
    Ok(Value::Object(costs))
}

fn writer_key(seed: u8) -> Result<Ed25519KeyPair, String> {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).map_err(told)
}

fn told(e: impl std::fmt::Display) -> String {
    e.to_string()
}

fn rules(text: &str) -> Result<Arc<Rules>, String> {
    Ok(Arc::new(text.parse().map_err(told)?))
}

/// Rules that let everybody do anything: what is left is everything but rights.
fn free_rules() -> String {
    format!("* free {}", ROLES.map(|role| role.to_string()).join(" "))
}

fn verify(envelope: &Envelope, team: &Team) -> Result<(), String> {
    let author = team.authors.get(&envelope.device).ok_or("Nobody has this device.")?;
    let said = gate::statement(&envelope.doc, &envelope.actor, envelope.seq, &envelope.hash);
    UnparsedPublicKey::new(&ED25519, author.key).verify(&said, &envelope.sig).map_err(told)
}

/// What the resident memory grows by for one index.
fn index_kib(genesis: &[u8], envelopes: &[Envelope]) -> Result<f64, String> {
    let resident = || memory(std::process::id(), "VmRSS").unwrap_or(0) as f64;
    let mut kept = Vec::with_capacity(INDEXES);
    // The first takes up what was let go before.
    let mut before = 0.0;
    for n in 0..=INDEXES {
        let mut index = Index::new(genesis).map_err(told)?;
        for envelope in envelopes {
            index.readmit(envelope).map_err(told)?;
        }
        kept.push(index);
        if n == 0 {
            before = resident();
        }
    }
    let grown = resident() - before;
    black_box(&kept);
    Ok(grown / INDEXES as f64)
}

/// Four people write, a change each at the same moment, and then hear of one another.
fn history(changes: usize) -> Result<History, String> {
    let pep = spring_review(Uuid::from_bytes(*b"idris fennimoor!"))?;
    let doc: Id = pep.document(DocumentKind::Main).into_bytes();
    let mut team = Team { rules: rules(&pep.process().write_table(DocumentKind::Main))?, ..Team::default() };
    let mut people: Vec<(Ed25519KeyPair, Writer, Automerge)> = Vec::new();
    for (seed, role) in (1..).zip(ROLES) {
        let key = writer_key(seed)?;
        let (public, person) = (replica::public_key(&key), [seed; 16]);
        team.authors.insert(gate::device_id(&public), Author { key: public, person });
        team.groups.insert(person, [role.to_string()].into());
        let actor = ActorId::from(gate::actor_of(&doc, &Author { key: public, person }, &INCARNATION));
        let document = plan::from_genesis(&pep, DocumentKind::Main, actor);
        people.push((key, Writer::new(Uuid::from_bytes(person), role), document));
    }
    let (mut envelopes, mut log) = (Vec::new(), Vec::new());
    for n in (0_i64..).take(changes.div_ceil(ROLES.len())) {
        let mut new: Vec<Change> = Vec::new();
        for (at, (key, writer, document)) in people.iter_mut().enumerate() {
            let question = TEXTS[if n % 2 == 0 { at } else { TEXTS.len() - 1 }];
            let edit = Edit::Append { question: question.into(), text: format!("Twenty letters {n:>4} ") };
            plan::apply(document, &pep, DocumentKind::Main, writer, &[edit], NOW + n).map_err(told)?;
            let mut change = document.get_last_local_change().ok_or("Nothing was written.")?;
            let (seq, hash, chunks) = (change.seq(), change.hash().0, change.bytes().to_vec());
            let device = gate::device_id(&replica::public_key(key));
            let actor = change.actor_id().to_bytes().try_into().map_err(|_| "An actor has another length.")?;
            let envelope = sync::sign(key, device, doc, actor, seq, hash, chunks);
            envelopes.push(Envelope { incarnation: Some(INCARNATION), ..envelope });
            new.push(change);
        }
        for (_, _, document) in &mut people {
            document.apply_changes(new.iter().cloned()).map_err(told)?;
        }
        log.extend(new);
    }
    Ok(History { pep, team, envelopes, changes: log })
}
