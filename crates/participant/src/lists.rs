//! Lists over every plan of this device.

use std::{collections::BTreeMap, ops::Deref, sync::Arc};

use chrono::NaiveDate;
use plan::{Due, Duty, Needs, Pep, PepType, Role, Standing, State, View};
use uuid::Uuid;

use crate::{
    Device, Error, Mine, Now, bring,
    duties::{self, OfChild},
    filed::{self, PutRight},
    summary::Summary,
};

/// Every plan of this person's teams that has arrived whole, in the order of their ids.
pub fn summaries(device: &mut Device, now: &Now) -> Result<Vec<Arc<Summary>>, Error> {
    let day = now.today();
    let peps: Vec<(Pep, Role)> =
        device.peps().filter_map(|pep| Some((pep.clone(), device.role_in(pep, &day)?))).collect();
    let all = peps.into_iter().map(|(pep, role)| Ok(device.summary(&pep, role)?));
    all.filter_map(Result::transpose).collect()
}

/// One plan in a list, seen beside the other PEPs of its child that this device holds.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The plan by itself.
    pub summary: Arc<Summary>,
    /// How far it is: superseded once a later one is signed off.
    pub state: State,
    /// Whether there is a closing PEP of its child: then none is due.
    pub closing: bool,
    /// Whether no other PEP of its child is of a later term.
    pub is_newest: bool,
    /// What is due of its child (R003-06).
    pub of_child: Arc<OfChild>,
    /// How it is filed.
    pub put_right: PutRight,
}

impl Deref for Listed {
    type Target = Summary;

    fn deref(&self) -> &Summary {
        &self.summary
    }
}

impl Listed {
    /// Whether something of it, or of its child by this plan, is due in 15 working days or fewer, or overdue.
    pub fn is_due(&self, today: NaiveDate) -> bool {
        let calendar = self.pep.process.calendar();
        let pressing = |by: NaiveDate| calendar.standing(today, by) != Standing::Ahead;
        let own = self.undone().filter_map(|due| due.by.ok()).any(pressing);
        self.pep.counts() && (own || self.is_newest && self.of_child.is_due(today))
    }

    /// What is still to be done of this plan by a day, of what still stands for its child: the end of the duty takes a plan's own
    /// clocks away, and a closing PEP that is there the one for it.
    pub fn undone(&self) -> impl Iterator<Item = &Due> {
        let needed = !matches!(self.of_child.duties.needs, Needs::NotSince(..));
        let closing = self.pep.kind == PepType::Closing || !self.closing;
        let stands = move |due: &&Due| match due.duty {
            Duty::Closing(_) => closing,
            _ => needed,
        };
        self.dues.iter().filter(|due| !due.done).filter(stands)
    }

    /// The first day by which something of it is still to be done.
    pub fn due(&self) -> Option<NaiveDate> {
        self.undone().find_map(|due| due.by.ok())
    }
}

/// Every plan of this person's teams, in the order of their ids, each seen beside the other PEPs of its child.
pub fn plans(device: &mut Device, now: &Now) -> Result<Vec<Listed>, Error> {
    Ok(plans_and_children(device, now)?.0)
}

/// The same, and every child of this person's teams with what is due, with or without a plan.
pub fn plans_and_children(device: &mut Device, now: &Now) -> Result<(Vec<Listed>, Vec<Arc<OfChild>>), Error> {
    let all = summaries(device, now)?;
    let children = duties::of_children(device, &all, now)?;
    let by_id: BTreeMap<Uuid, &Arc<OfChild>> = children.iter().map(|one| (one.id(), one)).collect();
    let mut of_child: BTreeMap<Uuid, Vec<&Summary>> = BTreeMap::new();
    for summary in &all {
        of_child.entry(summary.pep.child).or_default().push(summary);
    }
    let when = |of: &Summary| (of.pep.year, of.pep.term, of.signed_on);
    let sat = |of: &Summary| (of.pep.year, of.pep.term);
    let line = |summary: &Arc<Summary>| {
        let all = of_child.get(&summary.pep.child).map_or(&[][..], Vec::as_slice);
        let others: Vec<&Summary> = all.iter().filter(|other| other.pep.counts()).copied().collect();
        // One more in a term takes the place of none of it.
        let one_more = |other: &Summary| other.pep.filed.extra.is_some() && sat(other) == sat(summary);
        let later = others.iter().any(|other| other.signed_off && when(other) > when(summary) && !one_more(other));
        let newer = others.iter().any(|other| sat(other) > sat(summary));
        Some(Listed {
            summary: summary.clone(),
            state: summary.state.superseded(later),
            closing: others.iter().any(|other| other.pep.kind == PepType::Closing),
            is_newest: !newer,
            of_child: (*by_id.get(&summary.pep.child)?).clone(),
            put_right: filed::among(device, &summary.pep, others.iter().map(|other| &other.pep)),
        })
    };
    let listed = all.iter().filter_map(line).collect();
    Ok((listed, children))
}

/// How many answers of this person's could be brought into each of these plans from the PEP before it; only those with some.
pub fn could_bring(device: &mut Device, plans: &[Listed]) -> Result<BTreeMap<Uuid, usize>, Error> {
    let mut could = BTreeMap::new();
    for line in plans.iter().filter(|line| !line.signed_off && line.pep.counts()) {
        let mine = Mine { pep: line.pep.clone(), role: line.role };
        let Some(before) = bring::last_pep(device, &mine)? else { continue };
        let work_out = |last: &View, view: &View| bring::could_bring(&mine, view, &before, last);
        let answers = device.could_bring(&mine.pep, mine.role, &before, work_out)?;
        if answers > 0 {
            could.insert(mine.pep.id(), answers);
        }
    }
    Ok(could)
}

/// Every child of this person's teams, the most pressing first.
pub fn children(device: &mut Device, now: &Now) -> Result<Vec<Arc<OfChild>>, Error> {
    let summaries = summaries(device, now)?;
    let mut children = duties::of_children(device, &summaries, now)?;
    let today = now.day();
    children.sort_by_cached_key(|one| duties::urgency(one, today));
    Ok(children)
}

#[cfg(test)]
mod tests {
    use plan::{AcademicYear, DocumentKind, Edit, PepType, Processes, Term, Value};
    use replica::{Mode, Replica, memory::Memory};
    use ring::signature::Ed25519KeyPair;
    use sync::frame::NewChild;
    use uuid::Uuid;

    use super::*;
    use crate::{
        Mine, Zone, check,
        device::{Me, Relay, Work},
        sign,
    };

    /// Tuesday, 24 February 2026, at nine.
    const NOW: i64 = 1_771_923_600;
    const PLANS: u128 = 200;

    /// A social worker's device with a plan for each of so many children, on a disk in memory.
    fn with_plans(plans: u128) -> (Device, Vec<Pep>) {
        let mut chance = 0u8;
        let random = move |bytes: &mut [u8]| {
            bytes.iter_mut().for_each(|byte| {
                chance = chance.wrapping_mul(31).wrapping_add(7);
                *byte = chance;
            });
        };
        let disk = Memory::new(Box::new(random)).open().unwrap();
        let replica = Replica::open(Box::new(disk), Mode::Participant).unwrap().0;
        let mut device = Device::open(replica, Processes::built_in().clone(), None, [1; 16]).unwrap();
        let key = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap();
        let relay = Relay {
            url: "ws://127.0.0.1:1".into(),
            id: [1; 16],
            key: [2; 32],
            former: Vec::new(),
            addresses: Vec::new(),
            tls: None,
            name: "Harrowmere Virtual School".into(),
        };
        let public = replica::public_key(&key);
        let me = Me {
            person: [3; 16],
            name: "Odile Marrowfield".into(),
            organisation: None,
            role: Role::SocialWorker.to_string(),
            device: gate::device_id(&public),
            relay,
        };
        device.join(me, key, None).unwrap();
        let year: AcademicYear = "2025/26".parse().unwrap();
        let peps = (1..=plans).map(|n| {
            let child = Uuid::from_u128(n);
            let new = NewChild {
                child: *child.as_bytes(),
                name: format!("Child {n} (FICTIONAL)"),
                dob: "2010-11-02".into(),
                looked_after_since: None,
                emergency: false,
            };
            device.add_child(new).unwrap();
            let process = Processes::built_in().latest("sections").unwrap();
            let pep =
                Pep { child, year, term: Term::Spring, kind: PepType::Review, process, filed: plan::Filed::default() };
            device.start_pep(&pep, Role::SocialWorker).unwrap();
            pep
        });
        let peps = peps.collect();
        (device, peps)
    }

    fn since(device: &Device, before: Work) -> Work {
        device.work().since(before)
    }

    #[test]
    fn a_second_list_opens_no_plan_and_one_edit_makes_one_again() {
        let (mut device, peps) = with_plans(PLANS);
        let now = Now::at(NOW, Zone::Europe__London);
        let (before, first) = (device.work(), summaries(&mut device, &now).unwrap());
        assert_eq!((first.len() as u128, since(&device, before).summaries as u128), (PLANS, PLANS));
        let before = device.work();
        assert_eq!(summaries(&mut device, &now).unwrap().len(), first.len());
        assert_eq!(since(&device, before), Work::default(), "a second list makes nothing");
        // One answer changes one plan.
        let edit = Edit::Choose { question: "transfer.needed".into(), value: Value::YesNo(true) };
        let (pep, role) = (&peps[7], Role::SocialWorker);
        let before = device.work();
        device.edit(pep, DocumentKind::Main, role, &[edit], NOW).unwrap().unwrap();
        let made = since(&device, before);
        assert_eq!(
            (made.admitted, made.signatures, made.syncs),
            (1, 1, 1),
            "one change, through one's own gate, in one record"
        );
        let before = device.work();
        summaries(&mut device, &now).unwrap();
        let made = since(&device, before);
        assert_eq!((made.views, made.summaries), (1, 1));
        assert!(made.documents <= DocumentKind::ALL.len() as u64, "{made:?}");
    }

    #[test]
    fn what_could_be_brought_is_worked_out_once_for_each_state_of_the_two_plans() {
        let (mut device, peps) = with_plans(3);
        let now = Now::at(NOW, Zone::Europe__London);
        let edit = Edit::Choose { question: "transfer.needed".into(), value: Value::YesNo(true) };
        let before = &peps[0];
        device.edit(before, DocumentKind::Main, Role::SocialWorker, &[edit], NOW).unwrap().unwrap();
        let summer = Pep { term: Term::Summer, ..before.clone() };
        device.start_pep(&summer, Role::SocialWorker).unwrap();
        let listed = plans(&mut device, &now).unwrap();
        let first = could_bring(&mut device, &listed).unwrap();
        assert_eq!(first.keys().collect::<Vec<_>>(), [&summer.id()], "one plan has another before it");
        let worked = device.work();
        let again = plans(&mut device, &now).unwrap();
        assert_eq!(could_bring(&mut device, &again).unwrap(), first);
        assert_eq!(since(&device, worked), Work::default(), "a second list makes nothing");
    }

    #[test]
    fn after_a_change_of_school_the_terms_review_goes_on_from_the_pep_about_that() {
        let (mut device, peps) = with_plans(1);
        let role = Role::SocialWorker;
        let write = |device: &mut Device, pep: &Pep, question: &str, value: Value, at: i64| {
            let edit = Edit::Choose { question: question.into(), value };
            device.edit(pep, DocumentKind::Main, role, &[edit], at).unwrap().unwrap();
        };
        let other = |kind, term| Pep { kind, term, ..peps[0].clone() };
        let (autumn, moved, review) = (
            other(PepType::Review, Term::Autumn),
            other(PepType::SchoolMove, Term::Spring),
            other(PepType::Review, Term::Spring),
        );
        device.start_pep(&autumn, role).unwrap();
        device.start_pep(&moved, role).unwrap();
        let last = |device: &mut Device, pep: &Pep| {
            let mine = Mine { pep: pep.clone(), role };
            bring::last_pep(device, &mine).unwrap().map(|pep| pep.id())
        };
        write(&mut device, &moved, "transfer.needed", Value::YesNo(true), NOW);
        // The review is begun, and nobody has written in it.
        assert_eq!(last(&mut device, &review), Some(moved.id()));
        assert_eq!(last(&mut device, &moved), Some(autumn.id()));
        write(&mut device, &review, "transfer.needed", Value::YesNo(false), NOW + 86_400);
        assert_eq!((last(&mut device, &review), last(&mut device, &moved)), (Some(moved.id()), Some(autumn.id())));
        // It turns out that the review was held first.
        let day = |text: &str| plan::parse_value("meeting.date", text).unwrap();
        let meeting = || Value::Choice("meeting".into());
        write(&mut device, &moved, "meeting.kind", meeting(), NOW);
        write(&mut device, &moved, "meeting.date", day("2026-03-20"), NOW);
        write(&mut device, &review, "meeting.kind", meeting(), NOW);
        write(&mut device, &review, "meeting.date", day("2026-03-02"), NOW);
        assert_eq!((last(&mut device, &moved), last(&mut device, &review)), (Some(review.id()), Some(autumn.id())));
        let summer = other(PepType::Review, Term::Summer);
        assert_eq!(last(&mut device, &summer), Some(moved.id()));
    }

    #[test]
    fn a_change_of_contact_restrictions_is_marked_in_the_plan_and_nothing_else_is() {
        let (mut device, peps) = with_plans(1);
        let (pep, role) = (&peps[0], Role::SocialWorker);
        let plan_of = |device: &mut Device| device.heads(pep.document(DocumentKind::Main).as_bytes()).unwrap();
        let question = "care.collectAndContact".to_owned();
        let cells = plan::Cells::from([("person".to_owned(), Some(Value::Text("Ms Duskwood".into())))]);
        let row = Edit::PutRow { question: question.clone(), key: "ms-duskwood".into(), cells };
        let before = plan_of(&mut device);
        device.edit(pep, DocumentKind::Contact, role, std::slice::from_ref(&row), NOW).unwrap().unwrap();
        let marked = plan_of(&mut device);
        assert_ne!(marked, before);
        // The same again changes nothing, and a remark is no change of what is asked.
        device.edit(pep, DocumentKind::Contact, role, &[row], NOW).unwrap().unwrap();
        let remark = Edit::Comment { key: Uuid::from_u128(9).to_string(), question, text: "Asked on Monday.".into() };
        device.edit(pep, DocumentKind::Contact, role, &[remark], NOW).unwrap().unwrap();
        // What is refused is not marked either.
        let wrong = Edit::WithdrawRow { question: "care.collectAndContact".into(), key: "nobody".into() };
        assert!(device.edit(pep, DocumentKind::Contact, role, &[wrong], NOW).unwrap().is_err());
        assert_eq!(plan_of(&mut device), marked);
    }

    #[test]
    fn what_a_signature_waits_for_is_found_without_opening_other_plans() {
        let (mut device, peps) = with_plans(50);
        let now = Now::at(NOW, Zone::Europe__London);
        summaries(&mut device, &now).unwrap();
        let mine = Mine { pep: peps[3].clone(), role: Role::SocialWorker };
        let before = device.work();
        check::findings(&mut device, &mine, &now).unwrap();
        sign::offer(&mut device, &mine, &now).unwrap();
        let made = since(&device, before);
        assert!(made.views <= 1 && made.summaries == 0, "{made:?}");
        assert!(made.documents <= DocumentKind::ALL.len() as u64, "{made:?}");
    }
}
