//! Disputes: places where people entered different things apart, and texts that two branches rewrote apart.

use plan::{Applied, Claim, Dispute, Edit, Kind as Type, Question, Refused, Role, View};

use crate::{Device, Error, Kind, Mine, Now, words, words::told};

/// Every place where somebody has to choose between what people entered apart, then every text in which two people changed the same
/// few words apart, then the rows and targets that look like one.
pub fn disputes(device: &mut Device, mine: &Mine) -> Result<Vec<Dispute>, Error> {
    let view = mine.view(device)?;
    let mut disputes = plan::conflicts(&view, &mine.pep);
    disputes.extend(view.rewritten.iter().filter(|one| !one.open).map(|one| one.dispute.clone()));
    disputes.extend(plan::alike(&view, &mine.pep));
    Ok(disputes)
}

/// Whether it is about a text that two branches rewrote apart.
pub fn is_text(dispute: &Dispute) -> bool {
    let question = plan::bank().question(dispute.question);
    let kind = match dispute.place.split('/').collect::<Vec<_>>().as_slice() {
        [_] => question.map(|question| question.kind),
        [_, _, column] => question.and_then(|question| question.column(column)).map(|column| column.kind),
        _ => None,
    };
    let merged = || dispute.claims.iter().any(|claim| claim.by.is_none() && claim.at == 0);
    kind == Some(Type::LongText) || (kind == Some(Type::Text) && merged())
}

/// What a person who names a place, or all of a question, may choose between there.
pub fn at(device: &mut Device, mine: &Mine, place: &str) -> Result<Vec<Dispute>, Error> {
    let question = crate::mine::question(place.split('/').next().unwrap_or(place))?;
    mine.may_read(device, question)?;
    let disputes: Vec<Dispute> = disputes(device, mine)?.into_iter().filter(|d| is_at(&d.place, place)).collect();
    if disputes.is_empty() && mine.view(device)?.beside.contains_key(question.id.as_str()) {
        let hint =
            format!("`pep set PEP {}` with another answer, or with --clear, takes back what you entered.", question.id);
        return Err(Error::new(Kind::NotPermitted, told::THEIRS_TO_SETTLE).hint(hint));
    }
    if disputes.is_empty() {
        return Err(Refused::NotDisputed { question: question.id.clone() }.into());
    }
    Ok(disputes)
}

/// The edit that takes one of the answers.
pub fn taken(dispute: &Dispute, claim: &Claim) -> Edit {
    let take = plan::alike_take(dispute, claim).unwrap_or_else(|| claim.value.clone());
    Edit::Resolve { question: dispute.place.clone(), take }
}

/// Takes the answer of this number, counted from 1. On the disk when this returns.
pub fn take(device: &mut Device, mine: &Mine, dispute: &Dispute, take: usize, now: &Now) -> Result<Applied, Error> {
    let edit = taking(dispute, take)?;
    if !may_settle(mine.role, dispute) {
        return Err(Error::new(Kind::NotPermitted, told::THEIRS_TO_SETTLE));
    }
    mine.edit(device, crate::mine::question(dispute.question)?, &[edit], now)
}

/// Whether somebody in this role may choose there: between what the young person said about their own part on two of their devices
/// only they do.
pub fn may_settle(role: Role, dispute: &Dispute) -> bool {
    let young = |claim: &Claim| claim.by.as_ref().is_some_and(|who| who.role == Role::YoungPerson);
    let own = plan::bank().question(dispute.question).is_some_and(Question::is_childs_choice);
    !own || role == Role::YoungPerson || !dispute.claims.iter().any(young)
}

/// What others entered in the place of what the young person chose about their own part, in sentences.
pub fn beside(view: &View, question: &Question, child: &str) -> Vec<String> {
    let said = |claim: &Claim| {
        let (name, value) = (words::name(&claim.by), words::value(question, &claim.value));
        format!("{name} entered “{value}”. What {child} chose stands; this is kept beside it.")
    };
    view.beside.get(question.id.as_str()).into_iter().flatten().map(said).collect()
}

/// The edit that takes the answer of this number, counted from 1.
fn taking(dispute: &Dispute, take: usize) -> Result<Edit, Error> {
    let claim = take.checked_sub(1).and_then(|i| dispute.claims.get(i)).ok_or_else(|| {
        let claims = dispute.claims.len();
        Error::new(Kind::Usage, format!("There is no answer number {take} there; there are {claims}."))
            .hint("`pep conflicts PEP` shows them with their numbers.")
    })?;
    Ok(taken(dispute, claim))
}

/// Whether a person who says `said` means `place`: the place itself with keys cut short, or all of a question.
fn is_at(place: &str, said: &str) -> bool {
    let (place, said): (Vec<&str>, Vec<&str>) = (place.split('/').collect(), said.split('/').collect());
    let alike = |(place, said): (&&str, &&str)| place == said || (said.len() >= 4 && place.starts_with(said));
    place.first() == said.first() && said.len() <= place.len() && place.iter().zip(&said).all(alike)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_named_whole_or_by_its_beginning() {
        let place = "targets.list/8a41f00d/measure";
        assert!(is_at(place, place) && is_at(place, "targets.list/8a41/measure") && is_at(place, "targets.list"));
        assert!(!is_at(place, "targets.list/8a4/measure") && !is_at(place, "targets.list/8a41/dueDate"));
        assert!(
            !is_at("funding.tuition", "funding.tuitionDetail") && !is_at("funding.tuitionDetail", "funding.tuition")
        );
    }
}
