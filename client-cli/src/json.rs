//! Plans as the contract's JSON.

use gate::Hash;
use plan::{Answer, Cell, Claim, Pep, Row, SignOff, Target, View, Voice, Who};
use serde_json::{Map, Value, json};

use participant::words;

/// Heads, as hex, sorted.
pub fn heads(heads: &[Hash]) -> Value {
    let mut heads: Vec<String> = heads.iter().map(hex::encode).collect();
    heads.sort_unstable();
    heads.into()
}

/// The fields that every JSON about a PEP begins with.
pub fn about(pep: &Pep) -> Map<String, Value> {
    let mut about = Map::new();
    about.insert("pep".into(), pep.id().to_string().into());
    about.insert("child".into(), pep.child.to_string().into());
    about.insert("process".into(), json!({ "id": pep.process.id(), "version": pep.process.version() }));
    about.insert("term".into(), format!("{}-{}", pep.year, pep.term).into());
    about.insert("type".into(), pep.kind.to_string().into());
    about
}

/// `pep show --json`, without its heads. `wanted` chooses the questions.
pub fn plan(pep: &Pep, view: &View, wanted: impl Fn(&str) -> bool) -> Map<String, Value> {
    let mut all = about(pep);
    all.insert("state".into(), view.state.to_string().into());
    all.insert("nextDate".into(), view.next_date.map_or(Value::Null, |next| next.date.to_string().into()));
    all.insert("nextDateProvisional".into(), view.next_date.is_some_and(|next| next.provisional).into());
    let answered = view.answers.iter().filter(|(id, answer)| {
        wanted(id) && !matches!(answer, Answer::Missing | Answer::Elsewhere | Answer::Targets { .. })
    });
    all.insert("answers".into(), answered.map(|(id, a)| ((*id).to_string(), answer(a))).collect::<Map<_, _>>().into());
    let excuses = view.excuses.iter().filter(|(id, _)| wanted(id)).map(|(id, said)| {
        let said = said
            .iter()
            .map(|e| json!({ "why": e.why.to_string(), "reason": e.reason, "by": by(&e.by), "at": at(e.at) }));
        ((*id).to_string(), said.collect::<Value>())
    });
    let waiting = view.to_confirm.iter().filter(|id| wanted(id) && view.asked.contains(*id));
    all.insert("toConfirm".into(), waiting.copied().collect());
    all.insert("noAnswers".into(), excuses.collect::<Map<_, _>>().into());
    let targets: Vec<Value> =
        if wanted("targets.list") { view.targets.iter().map(target).collect() } else { Vec::new() };
    all.insert("targets".into(), targets.into());
    let comments = view.comments.iter().filter(|c| wanted(&c.question));
    let comments =
        comments.map(|c| json!({ "key": c.key, "field": c.question, "text": c.text, "by": by(&c.by), "at": at(c.at) }));
    all.insert("comments".into(), comments.collect());
    all.insert("signOffs".into(), view.sign_offs.iter().map(sign_off).collect());
    all.insert("changedSinceSignOff".into(), json!(view.changed_since_sign_off));
    let counts = view.completeness.iter();
    let counts =
        counts.map(|(role, c)| (role.to_string(), json!({ "answered": c.answered, "mandatory": c.mandatory })));
    all.insert("completeness".into(), counts.collect::<Map<_, _>>().into());
    let gaps = view.gaps.iter().filter(|gap| wanted(gap.question));
    let gaps =
        gaps.map(|gap| json!({ "field": gap.question, "owner": gap.owner.to_string(), "why": gap.why.to_string() }));
    all.insert("gaps".into(), gaps.collect());
    all
}

/// What stands at a question.
pub fn answer(answer: &Answer) -> Value {
    match answer {
        Answer::Missing | Answer::Elsewhere => Value::Null,
        Answer::Value(value) | Answer::Computed(value) => value.to_json(),
        Answer::Disputed(claims) => disputed(claims),
        Answer::Text { text } => text.as_str().into(),
        Answer::Voices(voices) => self::voices(voices),
        Answer::Table(rows) => rows.iter().map(row).collect(),
        Answer::Set(words) => words.iter().cloned().collect(),
        Answer::Targets { live } => (*live).into(),
    }
}

/// A value somebody entered.
pub fn claim(claim: &Claim) -> Value {
    json!({ "value": claim.value.to_json(), "by": by(&claim.by), "at": at(claim.at) })
}

/// A moment as RFC 3339; null where it is not known.
pub fn at(seconds: i64) -> Value {
    if seconds == 0 { Value::Null } else { words::rfc3339(seconds).into() }
}

/// A person's name; null where the roster does not know them.
pub fn by(who: &Option<Who>) -> Value {
    who.as_ref().map_or(Value::Null, |who| who.name.as_str().into())
}

/// A signature; `why` says why it does not stand. Of somebody whom this device cannot name, `person` and `by` are null.
fn sign_off(made: &SignOff) -> Value {
    let mut json = json!({
        "key": made.key,
        "question": made.question,
        "person": made.by.as_ref().map(|who| who.person.to_string()),
        "by": by(&made.by),
        "role": made.role.to_string(),
        "on": made.on.to_string(),
        "at": at(made.at),
        "hash": made.hash,
        "process": made.process,
        "stands": made.stands,
        "why": made.why.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    if let (Some(comment), Some(fields)) = (&made.comment, json.as_object_mut()) {
        fields.insert("comment".into(), comment.as_str().into());
    }
    json
}

fn voices(voices: &[Voice]) -> Value {
    voices.iter().map(|v| json!({ "by": by(&v.by), "person": v.person.to_string(), "text": v.text })).collect()
}

fn disputed(claims: &[Claim]) -> Value {
    json!({ "disputed": claims.iter().map(claim).collect::<Vec<_>>() })
}

fn row(row: &Row) -> Value {
    let mut json = Map::new();
    json.insert("key".into(), row.key.as_str().into());
    for (column, cell) in &row.cells {
        let cell = match cell {
            Cell::Value(value) | Cell::Computed(value) => value.to_json(),
            Cell::Disputed(claims) => disputed(claims),
            Cell::Text { text } => text.as_str().into(),
            Cell::Voices(voices) => self::voices(voices),
        };
        json.insert((*column).into(), cell);
    }
    if row.withdrawn {
        json.insert("withdrawn".into(), true.into());
    }
    if row.withdrawal_disputed {
        json.insert("withdrawalDisputed".into(), true.into());
    }
    json.into()
}

fn target(target: &Target) -> Value {
    let mut json = row(&target.row);
    if let Some(fields) = json.as_object_mut() {
        for (table, rows) in &target.tables {
            fields.insert((*table).into(), rows.iter().map(row).collect());
        }
        fields.insert("requested".into(), plan::Value::Money(target.requested).to_json());
        fields.insert("retained".into(), plan::Value::Money(target.retained).to_json());
    }
    json
}
