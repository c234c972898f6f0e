use crate::signing::*;
use crate::*;
use plan::{Person, Processes, Task, TaskKind, offer, tasks};

const TODAY: &str = "2026-03-02";

/// What waits for somebody, by their own device.
fn of(device: &Device) -> Vec<Task> {
    let name = TEAM[usize::from(person_index(device))].0;
    let view = device.view();
    let today = TODAY.parse().unwrap();
    let all = tasks(&view, &device.pep, &Person { writer: &device.writer, name, today });
    all.into_iter().filter(|task| task.from.is_none_or(|from| from <= today)).collect()
}

fn person_index(device: &Device) -> u8 {
    u8::try_from(device.writer.person.as_u128() - 0x1000).unwrap()
}

fn kinds(device: &Device) -> Vec<TaskKind> {
    of(device).into_iter().map(|task| task.kind).collect()
}

fn task(device: &Device, kind: TaskKind) -> Option<Task> {
    of(device).into_iter().find(|task| task.kind == kind)
}

/// That a plan in this state waits for exactly those whom its gaps, its disputes and its signatures name.
fn waits_for_the_right_people(devices: &[Device], at: &str) {
    let view = devices[0].view();
    let process = devices[0].pep.process();
    let asks = [TaskKind::Answer, TaskKind::Confirm, TaskKind::Arrange, TaskKind::Quality, TaskKind::DecideMoney];
    let mut anybody = false;
    for device in devices {
        let (found, role) = (kinds(device), device.writer.role);
        let gap = |gap: &&plan::Gap| gap.is_for(&device.writer, process) && gap.why != Why::Disputed;
        // What is said once its day has come, and what waits until the others are ready, is nobody's yet.
        let later = |gap: &&plan::Gap| {
            let held = gap.question == "meeting.held" && plan::held_on(&view).is_none();
            let ready = offer(&view, &device.pep, role, &[]).is_some_and(|offer| offer.waits.is_empty());
            let graded = gap.question.starts_with("qa.") && !ready;
            !held && !graded && gap.question != "funding.decision"
        };
        let owes = view.gaps.iter().filter(gap).filter(later).count() > 0;
        assert!(
            !owes || found.iter().any(|kind| asks.contains(kind)),
            "{at}: {role} owes {:?} and is told {found:?}",
            view.gaps.iter().filter(gap).map(|gap| gap.question).collect::<Vec<_>>()
        );
        let none = view.gaps.iter().filter(gap).count() == 0 && view.to_confirm.is_empty();
        assert!(!none || !found.contains(&TaskKind::Answer), "{at}: {role} owes nothing and is told {found:?}");
        let offered = offer(&view, &device.pep, role, &findings(device)).is_some_and(|offer| offer.offered());
        let seen = matches!(role, Role::YoungPerson | Role::Carer);
        assert_eq!(found.contains(&TaskKind::Sign), offered && !seen, "{at}: {role}");
        anybody |= !found.is_empty();
    }
    assert!(anybody || view.signed_off(), "{at}: the plan waits for nobody, and nobody has signed it off");
}

#[test]
fn a_plan_that_waits_for_somebody_is_on_exactly_their_list_in_every_state_of_every_process() {
    for id in ["portal", "sections", "rolling", "ten-page", "web"] {
        let pep = Pep { process: Processes::built_in().latest(id).unwrap(), ..idris() };
        let devices = team(&pep);
        waits_for_the_right_people(&devices, &format!("{id}, begun"));
        let mut devices = devices;
        devices[OTTOLINE].set("setting.yearGroup", "10");
        share(&mut devices);
        waits_for_the_right_people(&devices, &format!("{id}, the form is known"));
        let mut devices = ready(&pep);
        waits_for_the_right_people(&devices, &format!("{id}, ready to sign"));
        both_sign(&mut devices);
        waits_for_the_right_people(&devices, &format!("{id}, with the Virtual School"));
        if kinds(&devices[LORCAN]).contains(&TaskKind::Quality) && !pep.process().practice.qa.areas.is_empty() {
            // With the worst grade nothing is signed off in some processes: it is the Virtual School's to send it back.
            let grades: Vec<String> = pep.process().practice.qa.grades.iter().map(|grade| grade.id.clone()).collect();
            fill_grades(&mut devices, grades.last().unwrap());
            waits_for_the_right_people(&devices, &format!("{id}, graded badly"));
            fill_grades(&mut devices, &grades[0]);
            waits_for_the_right_people(&devices, &format!("{id}, graded"));
        }
        fill(&mut devices, |gap| gap.question != "qa.areas");
        share(&mut devices);
        waits_for_the_right_people(&devices, &format!("{id}, answered"));
        for (who, question, number) in [(OTTOLINE, "signoff.dt", 4), (ODILE, "signoff.sw", 5)] {
            if kinds(&devices[who]).contains(&TaskKind::Sign) {
                put_name(&mut devices[who], question, number, "2026-03-04").unwrap();
                share(&mut devices);
            }
        }
        let signs = task(&devices[LORCAN], TaskKind::Sign);
        assert!(
            signs.is_some(),
            "{id}: {:?}",
            (kinds(&devices[LORCAN]), devices[0].view().gaps.iter().map(|gap| gap.question).collect::<Vec<_>>())
        );
        put_name(&mut devices[LORCAN], "signoff.vs", 3, "2026-03-05").unwrap();
        share(&mut devices);
        waits_for_the_right_people(&devices, &format!("{id}, signed off"));
        // The teacher changes a target: the signatures are theirs to give again.
        devices[OTTOLINE].target(Uuid::from_u128(1), &[("measure", "14/20")]);
        share(&mut devices);
        waits_for_the_right_people(&devices, &format!("{id}, changed"));
    }
}

fn fill_grades(devices: &mut [Device], grade: &str) {
    let areas: Vec<String> = devices[0].pep.process().practice.qa.areas.iter().map(|area| area.id.clone()).collect();
    for area in areas {
        devices[LORCAN].row("qa.areas", &[("area", &area), ("grade", grade)]);
    }
    if devices[LORCAN].pep.process().practice.qa.aggregate.is_empty() {
        devices[LORCAN].set("qa.overall", grade);
    }
    share(devices);
}

#[test]
fn what_was_sent_back_is_the_first_task_of_whom_it_is_addressed_to_with_its_reason_and_day() {
    let mut devices = ready(&ten_page());
    both_sign(&mut devices);
    let cells = [("section", "5"), ("owner", "designated-teacher"), ("what", "Say how."), ("byWhen", "2026-03-09")];
    devices[LORCAN].row("qa.returnedFor", &cells);
    share(&mut devices);
    let found = of(&devices[OTTOLINE]);
    let first = &found[0];
    assert_eq!((first.kind, first.reason.as_deref()), (TaskKind::Returned, Some("Say how.")));
    assert_eq!((first.due, first.by.as_deref()), ("2026-03-09".parse().ok(), Some("Lorcan Tidewell")));
    assert!(task(&devices[ODILE], TaskKind::Returned).is_none());
}

#[test]
fn a_signature_gone_stale_asks_for_another_and_says_why() {
    let mut devices = ready(&ten_page());
    both_sign(&mut devices);
    assert!(task(&devices[OTTOLINE], TaskKind::Sign).is_none());
    devices[OTTOLINE].target(Uuid::from_u128(1), &[("measure", "14/20")]);
    share(&mut devices);
    let again = task(&devices[OTTOLINE], TaskKind::Sign).unwrap();
    assert!(again.reason.is_some_and(|why| why.contains("has changed since")));
}

#[test]
fn an_action_is_whoevers_it_names_until_it_is_done() {
    let mut devices = ready(&ten_page());
    let row = [("action", "Ring the college"), ("person", "odile  marrowfield"), ("byWhen", "2026-03-20")];
    let key = devices[ODILE].row("meeting.actions", &row);
    share(&mut devices);
    let action = task(&devices[ODILE], TaskKind::Action).unwrap();
    assert_eq!((action.due, action.reason.as_deref()), ("2026-03-20".parse().ok(), Some("Ring the college")));
    assert!(task(&devices[OTTOLINE], TaskKind::Action).is_none());
    let cells = cells_of("meeting.actions", &[("status", "done")]);
    devices[ODILE].edit(Edit::PutRow { question: "meeting.actions".into(), key, cells });
    assert!(task(&devices[ODILE], TaskKind::Action).is_none());
}

#[test]
fn what_the_child_and_the_carer_say_is_a_task_until_it_is_answered() {
    let mut devices = ready(&ten_page());
    devices[4].set(plan::AGREED, "no");
    let key = Uuid::from_u128(77).to_string();
    devices[5].edit(Edit::Comment { key, question: "care.story".into(), text: "Please take this out.".into() });
    share(&mut devices);
    assert!(task(&devices[OTTOLINE], TaskKind::Disagreed).is_some());
    assert!(task(&devices[ODILE], TaskKind::Disagreed).is_none());
    let reply = task(&devices[ODILE], TaskKind::Reply).unwrap();
    assert_eq!((reply.question, reply.by.as_deref()), (Some("care.story"), Some("Carys Wexcombe")));
    let key = Uuid::from_u128(78).to_string();
    devices[ODILE].edit(Edit::Comment { key, question: "care.story".into(), text: "It is out.".into() });
    assert!(task(&devices[ODILE], TaskKind::Reply).is_none());
}

#[test]
fn tuition_that_the_virtual_school_keeps_waits_for_it_until_there_is_a_provider_and_a_day() {
    let mut devices = ready(&ten_page());
    devices[OTTOLINE].set("funding.tuition", "vs_retains");
    share(&mut devices);
    assert!(task(&devices[LORCAN], TaskKind::ArrangeTuition).is_some());
    assert!(task(&devices[OTTOLINE], TaskKind::ArrangeTuition).is_none());
    devices[OTTOLINE]
        .row("funding.tuitionDetail", &[("subject", "Maths"), ("provider", "Brightwater"), ("when", "Mondays")]);
    share(&mut devices);
    assert!(task(&devices[LORCAN], TaskKind::ArrangeTuition).is_none());
}
