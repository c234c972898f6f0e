//! What the relay knows of a plan: the ids and first changes of its documents, and who reads which. Nothing of what is
//! written in one.

use gate::{Hash, Id, Rules};
use plan::{DocumentKind, Filed, Pep, PepType, Processes, Role};
use sync::frame::Start;
use uuid::Uuid;

/// One document of a PEP.
pub(crate) struct Part {
    /// Its id.
    pub doc: Id,
    /// Which document it is: `main` or the name of an annex.
    pub kind: &'static str,
    /// Its first change.
    pub genesis: Vec<u8>,
}

/// Why a start is not a PEP.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAPep {
    /// A term or type that is not on the list. Usual cause: the participant's program is newer.
    #[error("This relay does not know that term or type of PEP. Ask the Virtual School to update the relay.")]
    Words,
    /// A process that this relay does not have. Usual cause: the participant's program is newer.
    #[error(
        "This relay does not have that process, or not that version of it. Ask the Virtual School to update the relay."
    )]
    Process,
    /// The id does not follow from child, term and type. Usual cause: a faulty program.
    #[error("That is not the id this PEP has. Ask whoever keeps your device to update pep.")]
    Id,
}

/// The documents of the PEP that was started, computed anew: what a participant claims is compared, not believed.
pub(crate) fn parts(start: &Start, processes: &Processes) -> Result<Vec<Part>, NotAPep> {
    let pep = pep(start, processes)?;
    let part = |kind: &DocumentKind| Part {
        doc: pep.document(*kind).into_bytes(),
        kind: kind.slug(),
        genesis: pep.genesis(*kind),
    };
    Ok(DocumentKind::ALL.iter().map(part).collect())
}

fn pep(start: &Start, processes: &Processes) -> Result<Pep, NotAPep> {
    let (year, term) = plan::parse_term(&start.term).map_err(|_| NotAPep::Words)?;
    let kind: PepType = start.kind.parse().map_err(|_| NotAPep::Words)?;
    let process = processes.get(&start.process, start.process_version).map_err(|_| NotAPep::Process)?;
    if start.process_hash.map(|hash| hash.into_array()) != process.process().hash {
        return Err(NotAPep::Process);
    }
    let extra = start.extra.as_ref().map(|extra| {
        let day = extra.day.parse().map_err(|_| NotAPep::Words)?;
        plan::Extra::new(&extra.reason, day).map_err(|_| NotAPep::Words)
    });
    let filed = Filed { extra: extra.transpose()?, ..Filed::default() };
    let pep = Pep { child: Uuid::from_bytes(start.child), year, term, kind, process, filed };
    if pep.id().into_bytes() != start.pep {
        return Err(NotAPep::Id);
    }
    Ok(pep)
}

/// The changes that move a document of a PEP to the newer versions of its process that are known here, by hash.
pub(crate) fn extensions(start: &Start, kind: &str, processes: &Processes) -> Vec<Hash> {
    let Some((pep, kind)) = pep(start, processes).ok().zip(kind.parse().ok()) else { return Vec::new() };
    let newest = processes.after(&pep.process).pop();
    newest.map_or_else(Vec::new, |process| Pep { process, ..pep }.extension_hashes(kind))
}

/// Whether people of this role move documents of this kind.
pub(crate) fn may_move(kind: &str, role: &str) -> bool {
    kind.parse()
        .ok()
        .zip(role.parse().ok())
        .is_some_and(|(kind, role): (DocumentKind, Role)| kind.movers().contains(&role))
}

/// How many newer versions of the process of a PEP are known here.
pub(crate) fn steps(start: &Start, processes: &Processes) -> usize {
    pep(start, processes).map_or(0, |pep| processes.after(&pep.process).len())
}

/// Who holds a document of this kind when these roles were chosen, by name; `Err` in words where they are no choice.
pub(crate) fn chosen(kind: &str, roles: &[String]) -> Result<Vec<String>, String> {
    let kind: DocumentKind = kind.parse().map_err(|_| plan::NotAChoice::Nowhere.to_string())?;
    let roles = roles.iter().map(|role| role.parse()).collect::<Result<Vec<Role>, _>>().map_err(|no| no.to_string())?;
    let chosen = kind.chosen(&roles).map_err(|no| no.to_string())?;
    Ok(chosen.iter().map(Role::to_string).collect())
}

/// The young person's role, by name.
pub(crate) const YOUNG_PERSON: &str = "young-person";

/// Who holds documents of this kind where nobody has chosen, by name.
pub(crate) fn readers(kind: &str) -> Vec<String> {
    let readers = kind.parse().map_or(&[][..], DocumentKind::readers);
    readers.iter().map(Role::to_string).collect()
}

/// Whether a place in a plan (`care.story`, or something in a table of it) is in documents of this kind.
pub(crate) fn holds(kind: &str, place: &str) -> bool {
    let question = place.split('/').next().unwrap_or_default();
    kind.parse::<DocumentKind>().is_ok_and(|kind| kind.holds(question))
}

/// Who may write where in documents of this kind of a PEP that began under this process and was moved on so often. Of what this
/// version does not know: nobody.
pub(crate) fn rules(start: &Start, kind: &str, processes: &Processes, steps: usize) -> Rules {
    let began = processes.get(&start.process, start.process_version).ok();
    let process = began.and_then(|began| processes.reached(&began, steps));
    let table = process.zip(kind.parse().ok()).map(|(process, kind)| process.gate_table(kind));
    table.and_then(|table| table.parse().ok()).unwrap_or_default()
}

/// What a refusal for want of a right says to the author: `place` is as much of it as the rules spell out.
pub(crate) fn not_yours(place: Option<&str>) -> String {
    let key =
        place.and_then(|place| place.strip_prefix("answers/").or(place.strip_prefix("signOffs/")).or(Some(place)));
    // What is said of an answer stands beside it, as `QUESTION~none`.
    let question = key.and_then(|key| key.split(['/', '~']).next());
    match question {
        Some("answers") | None => "Your role does not write this in the plan.".into(),
        Some(question) => format!("Your role does not write {question} in this plan."),
    }
}

/// The types of PEP, by name.
pub(crate) fn types() -> Vec<&'static str> {
    PepType::ALL.iter().map(|kind| kind.slug()).collect()
}

/// Whether that is a type of PEP.
pub(crate) fn is_type(word: &str) -> bool {
    word.parse::<PepType>().is_ok()
}

/// The role whose yes the type of a PEP waits for that somebody in `role` has begun: the one that chooses it, where the process says so.
pub(crate) fn waits_for(start: &Start, processes: &Processes, role: &str) -> Option<String> {
    let chooses = pep(start, processes).ok()?.process().type_chosen_by()?;
    let chose = role.parse::<Role>().is_ok_and(|role| role.counts_as(chooses));
    (!chose).then(|| chooses.to_string())
}

/// In which role people are on a team of whose plans something was delegated to them.
pub(crate) const DEPUTY: &str = "professional";
/// The role whose pages are delegated.
pub(crate) const DELEGATES: &str = "designated-teacher";

/// Whether somebody in this role on a team can answer pages for the designated teacher.
pub(crate) fn deputises(role: &str) -> bool {
    role.parse::<Role>().is_ok_and(|role| role == Role::Professional)
}

/// Whether somebody with this main role can.
pub(crate) fn may_deputise(role: &str) -> bool {
    role.parse::<Role>().is_ok_and(|role| role == Role::Professional || role == plan::DELEGATES)
}

/// The pages of a PEP that can be delegated, by id: those of the versions of its process that are known here.
pub(crate) fn delegable(start: &Start, processes: &Processes) -> Vec<String> {
    let Ok(pep) = pep(start, processes) else { return Vec::new() };
    let newest = processes.after(&pep.process).pop().unwrap_or(pep.process);
    let mut pages: Vec<String> = Vec::new();
    for page in newest.path().flat_map(plan::Process::delegable) {
        if !pages.contains(&page.id) {
            pages.push(page.id.clone());
        }
    }
    pages
}

/// Refuses what is no choice of processes by phase.
pub(crate) fn offered(processes: &std::collections::BTreeMap<String, Vec<String>>) -> Result<(), String> {
    for (phase, ids) in processes {
        phase.parse::<plan::Phase>().map_err(|no| no.to_string())?;
        let unknown = ids.iter().find(|id| Processes::built_in().latest(id).is_err());
        match (unknown, ids.is_empty()) {
            (Some(id), _) => return Err(format!("{id} is not a process that this relay has")),
            (None, true) => return Err(format!("{phase} names no process; leave it out where any may be chosen")),
            (None, false) => {}
        }
    }
    Ok(())
}

/// How the rules call whom a page was delegated to.
pub(crate) fn delegate_group(page: &str) -> String {
    plan::delegate_group(page)
}

/// Whether documents of this kind are for this role.
pub(crate) fn may_read(kind: &str, role: &str) -> bool {
    match (kind.parse::<DocumentKind>(), role.parse::<Role>()) {
        (Ok(kind), Ok(role)) => kind.readers().contains(&role),
        _ => false,
    }
}

/// Whether people of this role make children known to the relay.
pub(crate) fn may_add_children(role: &str) -> bool {
    role.parse::<Role>().is_ok_and(|role| role == Role::SocialWorker || role.is_virtual_school())
}

/// Whether a role is the independent reviewing officer's.
pub(crate) fn is_reviewing(role: &str) -> bool {
    role.parse::<Role>().is_ok_and(|role| role == Role::IndependentReviewingOfficer)
}

/// Whether a role is one of the Virtual School.
pub(crate) fn is_virtual_school(role: &str) -> bool {
    role.parse::<Role>().is_ok_and(Role::is_virtual_school)
}

/// The annex that is not for everybody on a team: whoever reads it may know what else is not for everybody.
pub(crate) const FAMILY: &str = "family";

/// Whether a role is that of the head of the Virtual School.
pub(crate) fn is_head(role: &str) -> bool {
    role.parse::<Role>().is_ok_and(|role| role == Role::VirtualSchoolHead)
}

/// Roles by their names in the contract.
pub(crate) fn roles() -> Vec<&'static str> {
    Role::ALL.iter().map(|role| role.slug()).collect()
}
