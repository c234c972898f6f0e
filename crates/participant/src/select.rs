//! Finding the one thing a person means by the beginning of its id, or by its name.

use plan::{Page, Pep};
use replica::Trouble;
use uuid::Uuid;

use crate::{
    Device, Error, Kind, Mine, Now,
    mine::{me, role_for},
    words,
};

/// Fewer characters of an id than this could mean anything.
const PREFIX_MIN: usize = 4;

/// The PEP that `text` names, with this person's role for its child.
pub fn pep(device: &Device, text: &str, now: &Now) -> Result<Mine, Error> {
    me(device, now)?;
    let (left, children) = (device.left_peps()?, device.children()?);
    let name = |pep: &Pep| children.iter().find(|c| c.id == *pep.child.as_bytes()).map_or("", |c| c.name.as_str());
    let labels = device.peps().map(|pep| (pep.id(), format!("{}, {}", name(pep), words::sitting(pep))));
    let labels = labels.chain(left.iter().map(|id| (*id, "a plan of a child whose team you have left".to_owned())));
    let id = by_prefix(
        "PEP",
        text,
        &labels.collect::<Vec<_>>(),
        "`pep list` shows the plans on this device; `pep sync` fetches those of your teams.",
    )?;
    let Some(pep) = device.pep(&id).cloned() else {
        let message = "You are not on this child's team any more, so the plan is not on this device.";
        return Err(Error::new(Kind::NotPermitted, message)
            .hint("The Virtual School decides who works with whom, and can add you. What you wrote before is kept."));
    };
    let role = role_for(device, &pep.began_for(), now)?;
    Ok(Mine { pep, role })
}

/// The child that `text` names: by whichever entry of theirs.
pub fn child(device: &Device, text: &str, now: &Now) -> Result<sync::roster::Child, Error> {
    let entry = entry(device, text, now)?;
    Ok(device.child(&Uuid::from_bytes(entry.id))?.unwrap_or(entry))
}

/// The entry of a child that `text` names, also one that turned out to be another of the same child.
pub fn entry(device: &Device, text: &str, now: &Now) -> Result<sync::roster::Child, Error> {
    me(device, now)?;
    let mut children = device.children()?;
    let is_one = |name: &str| children.iter().any(|child| child.name == name);
    let roster = device.roster();
    let joined = roster.children().filter(|child| roster.joined(&child.id).is_some());
    // Where both entries have one name it means the one that stands.
    let joined: Vec<_> = joined.filter(|child| child.name != text.trim() || !is_one(&child.name)).cloned().collect();
    children.extend(joined);
    let named: Vec<_> = children.iter().filter(|c| c.name == text.trim()).collect();
    if let [only] = named.as_slice() {
        return Ok((*only).clone());
    }
    let labels: Vec<_> =
        children.iter().map(|c| (Uuid::from_bytes(c.id), format!("{}, born {}", c.name, c.dob))).collect();
    if named.len() > 1 {
        let labels: Vec<_> =
            labels.into_iter().filter(|(id, _)| named.iter().any(|c| c.id == *id.as_bytes())).collect();
        return Err(ambiguous("child", &labels));
    }
    let id = by_prefix("child", text, &labels, "`pep child list` shows the children of your teams, by name and id.")?;
    children.into_iter().find(|c| c.id == *id.as_bytes()).ok_or_else(|| Trouble::Unknown.into())
}

/// The page of a plan's process that `text` names.
pub fn page<'a>(mine: &'a Mine, text: &str) -> Result<&'a Page, Error> {
    let pages = &mine.pep.process().pages;
    pages.iter().find(|page| page.id.eq_ignore_ascii_case(text)).ok_or_else(|| {
        let known: Vec<&str> = pages.iter().map(|page| page.id.as_str()).collect();
        Error::new(Kind::Failed, "This plan has no such page.").hint(format!("Its pages: {}.", known.join(", ")))
    })
}

/// The row key that `text` names among `keys`: the key itself, or the beginning of exactly one.
pub fn key<'a>(what: &str, text: &str, keys: impl Iterator<Item = &'a str> + Clone) -> Result<String, Error> {
    if let Some(exact) = keys.clone().find(|key| *key == text) {
        return Ok(exact.to_string());
    }
    let begun: Vec<&str> =
        if text.len() < PREFIX_MIN { Vec::new() } else { keys.filter(|key| key.starts_with(text)).collect() };
    match begun.as_slice() {
        [only] => Ok((*only).to_string()),
        [] => Err(Error::new(Kind::Failed, format!("There is no such {what}."))
            .hint("`pep show PEP --field FIELD` lists them with their keys.")),
        several => Err(Error::new(
            Kind::Usage,
            format!("That is the beginning of {} keys: {}.", several.len(), several.join(", ")),
        )
        .hint("Give more characters of the one you mean.")),
    }
}

pub(crate) fn by_prefix(what: &str, text: &str, all: &[(Uuid, String)], hint: &str) -> Result<Uuid, Error> {
    let wanted: String = text.trim().chars().filter(|c| *c != '-').flat_map(char::to_lowercase).collect();
    let is_id = wanted.len() <= 32 && wanted.bytes().all(|b| b.is_ascii_hexdigit());
    if is_id && wanted.len() < PREFIX_MIN {
        return Err(Error::new(Kind::Usage, format!("That is too short to name a {what}."))
            .hint(format!("Give at least {PREFIX_MIN} characters of its id. {hint}")));
    }
    let begun: Vec<(Uuid, String)> =
        all.iter().filter(|(id, _)| is_id && id.simple().to_string().starts_with(&wanted)).cloned().collect();
    match begun.as_slice() {
        [(only, _)] => Ok(*only),
        [] => Err(Error::new(Kind::Failed, format!("There is no such {what} on this device.")).hint(hint)),
        several => Err(ambiguous(what, several)),
    }
}

fn ambiguous(what: &str, candidates: &[(Uuid, String)]) -> Error {
    let lines: String = candidates.iter().map(|(id, label)| format!("\n  {id}  {label}")).collect();
    Error::new(Kind::Usage, format!("That could be more than one {what}:{lines}"))
        .hint("Give more characters of the id of the one you mean.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Result<Uuid, (Kind, String)> {
        let all = [
            (Uuid::from_u128(0xabcd_1000 << 96), "Wren Tapplestone".to_string()),
            (Uuid::from_u128(0xabcd_2000 << 96), "Idris Fennimoor".to_string()),
        ];
        by_prefix("PEP", text, &all, "").map_err(|e| (e.kind, e.message))
    }

    #[test]
    fn the_beginning_of_an_id_names_one_where_it_is_long_enough_and_the_only_one() {
        assert!(find("abcd1").is_ok());
        assert!(find("ABCD-20").is_ok());
        assert_eq!(find("abc").map_err(|e| e.0), Err(Kind::Usage));
        assert_eq!(find("dcba").map_err(|e| e.0), Err(Kind::Failed));
        assert_eq!(find("Wren").map_err(|e| e.0), Err(Kind::Failed));
    }

    #[test]
    fn two_that_begin_alike_are_both_named() {
        let Err((kind, message)) = find("abcd") else { panic!("one was chosen") };
        assert_eq!(kind, Kind::Usage);
        assert!(message.contains("Wren Tapplestone") && message.contains("Idris Fennimoor"));
    }
}
