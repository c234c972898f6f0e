//! The front page of a plan: what is one's own, what is done together, and the rest folded; nothing twice, and nothing of another age.

use crate::prelude::*;

/// The names of the lists of tasks on a page, and what each line of one of them is called and says.
fn lines(html: &str) -> Vec<(String, String)> {
    let items = html.split("<li class=\"govuk-task-list__item").skip(1);
    let line = |item: &str| {
        let item = item.split("</li>").next().unwrap();
        let title = item.split("aria-describedby").nth(1).or_else(|| item.split("<div").nth(2)).unwrap_or(item);
        let title = title.split('>').nth(1).unwrap().split('<').next().unwrap().to_owned();
        (title, item.to_owned())
    };
    items.map(line).collect()
}

/// The part of a page before what is folded.
fn unfolded(html: &str) -> &str {
    html.split("<details").next().unwrap()
}

#[test]
fn nothing_of_another_age_stands_there_even_before_the_plan_says_how_old_the_child_is() {
    for process in ["sections", "ten-page", "rolling", "web", "portal"] {
        let device = Device::of(Role::DesignatedTeacher);
        let pep = device.plan(device.child("Idris Fennimoor"), process);
        let html = device.page(&at(&pep, ""));
        // The directory says that he was born in November 2010.
        assert_eq!(device.view(&pep).phase, None);
        for other in ["Learning and development (early years)", "post-16", "Not asked at present"] {
            assert!(!html.contains(other), "{process}: {other}");
        }
        assert!(html.contains("Attainment (secondary)"), "{process}");
        device.set(&pep, "setting.yearGroup", "10");
        assert!(!device.page(&at(&pep, "")).contains("early years)"), "{process}");
    }
}

#[test]
fn what_was_entered_for_another_age_is_still_to_be_found() {
    let (mut device, pep) = Device::idris(Role::SocialWorker);
    device.set(&pep, "child.dob", "2008-11-02");
    device.role = Role::DesignatedTeacher;
    device.set(&pep, "p16.status", "ft_education");
    device.role = Role::SocialWorker;
    device.set(&pep, "child.dob", "2010-11-02");
    assert!(device.page(&at(&pep, "")).contains("Courses and qualifications (post-16)"));
}

#[test]
fn every_section_stands_there_once_under_a_name_of_its_own() {
    for process in ["sections", "ten-page", "rolling", "web", "portal"] {
        let device = Device::of(Role::SocialWorker);
        let pep = device.plan(device.child("Idris Fennimoor"), process);
        let html = device.page(&at(&pep, ""));
        let mut seen = BTreeSet::new();
        for (title, _) in lines(&html) {
            assert!(seen.insert(title.clone()), "{process}: “{title}” twice");
        }
        assert!(seen.contains("The meeting") && seen.contains("Sign-off"), "{process}: {seen:?}");
        // The signatures have no section beside Sign-off.
        assert!(!seen.iter().any(|title| title.starts_with("Completion")), "{process}: {seen:?}");
    }
}

#[test]
fn ones_own_open_sections_come_first_with_their_page_numbers_and_the_rest_is_folded() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let html = device.page(&at(&pep, ""));
    let own = lines(unfolded(&html));
    let (_, attendance) = own.iter().find(|(title, _)| title == "Attendance").unwrap();
    assert!(attendance.contains("Section D. ") && attendance.contains("for you to answer"), "{attendance}");
    // The social worker's are folded, and are there.
    assert!(!own.iter().any(|(title, _)| title == "My care"));
    assert!(lines(&html).iter().any(|(title, _)| title == "My care"));
    assert!(html.contains(">Section C: Education arrangements and actions</h3>"));
    assert!(!html.contains("<details class=\"govuk-details\" open"));

    // Whoever has nothing to do finds the rest open.
    let (reader, read) = Device::idris(Role::IndependentReviewingOfficer);
    let html = reader.page(&at(&read, ""));
    assert!(html.contains("No section waits for you.") && html.contains("<details class=\"govuk-details\" open"));

    // A council whose form has numbers.
    let pep = device.plan(device.child("Wren Tapplestone"), "ten-page");
    let html = device.page(&at(&pep, ""));
    assert!(html.contains("Page 5. ") && html.contains(">Page 2: Care information and contacts</h3>"));
}

#[test]
fn the_signatures_lead_to_sign_off_and_say_what_they_wait_for() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let line = |html: &str| lines(html).into_iter().find(|(title, _)| title == "Sign-off").unwrap().1;
    let before = line(&device.page(&at(&pep, "")));
    assert!(before.contains(&at(&pep, "/sign-off")) && before.contains("Waits for: "), "{before}");
    assert!(before.contains("of yours to answer"), "{before}");
    // So does the section, where one comes to it.
    let section = device.page(&section(&pep, "signoff.dt"));
    assert!(section.contains("Go to Sign-off") && section.contains("Waits for: "));
    assert!(device.page(&at(&pep, "/sign-off")).contains(&super::device::section(&pep, "signoff.dt")));
}

#[test]
fn the_meeting_says_how_much_of_it_is_to_be_answered_and_leads_to_where() {
    let device = Device::of(Role::SocialWorker);
    let pep = device.plan(device.child("Idris Fennimoor"), "ten-page");
    let line = lines(&device.page(&at(&pep, ""))).into_iter().find(|(title, _)| title == "The meeting").unwrap().1;
    assert!(line.contains("to answer"), "{line}");
    let meeting = device.page(&at(&pep, "/meeting"));
    for title in ["Page 1: Meeting and personal details", "Page 10: Sign-off"] {
        assert!(lines(&meeting).iter().any(|(known, _)| known == title), "{title}");
    }
}

#[test]
fn what_the_directory_knows_is_filled_in_once_by_whoever_answers_for_it() {
    // The teacher answers for nothing of it that is known: opening the plan writes nothing.
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let before = device.view(&pep).heads;
    device.page(&at(&pep, ""));
    assert_eq!(device.view(&pep).heads, before);

    let (device, pep) = Device::idris(Role::SocialWorker);
    let answer = |question: &str| match &device.view(&pep).answers[question] {
        Answer::Value(value) => value.to_string(),
        Answer::Text { text } => text.clone(),
        _ => String::new(),
    };
    device.page(&at(&pep, ""));
    assert_eq!(answer("child.legalName"), "Idris Fennimoor");
    assert_eq!(answer("child.dob"), "2010-11-02");
    let whole = |device: &Device| {
        let doc = *pep.document(DocumentKind::Main).as_bytes();
        device.with(|device| device.read(&doc, |document| document.get_changes(&[]).len())).unwrap()
    };
    // The beginning, and one change.
    assert_eq!(whole(&device), 2);
    device.page(&at(&pep, ""));
    assert_eq!(whole(&device), 2);
    let own = section(&pep, "child.dob");
    assert_eq!(device.page(&own).matches("From the Virtual School’s directory.").count(), 2);

    // What is taken away again stays away, and what is changed stays changed, with both shown.
    assert!(device.edit(&pep, Edit::Clear { question: "child.dob".into() }));
    device.set(&pep, "child.legalName", "Idris Jolyon Fennimoor");
    device.page(&at(&pep, ""));
    assert_eq!(answer("child.dob"), "");
    assert_eq!(answer("child.legalName"), "Idris Jolyon Fennimoor");
    let html = device.page(&own);
    assert!(html.contains("directory says “Idris Fennimoor”, and this plan says “Idris Jolyon Fennimoor”"), "{html}");
    assert!(html.contains("ask the Virtual School to correct the directory"));
    // Names are compared as people write them.
    device.set(&pep, "child.legalName", "  idris FENNIMOOR");
    assert!(!device.page(&own).contains("directory says “"));
}

#[test]
fn nothing_is_filled_in_where_somebody_has_answered_or_said_why_not_and_starting_says_what_was() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    device.set(&pep, "child.legalName", "Idris J Fennimoor");
    let excuse = Some((plan::NoAnswer::NotKnown, "no papers".into()));
    assert!(device.edit(&pep, Edit::Excuse { question: "child.dob".into(), excuse }));
    let before = device.view(&pep).heads;
    device.page(&at(&pep, ""));
    assert_eq!(device.view(&pep).heads, before);

    let child = device.child("Wren Tapplestone");
    let here = format!("/children/{child}/new");
    let to = device.send(&here, "", &[("term", "2025/26-spring"), ("type", "review"), ("process", "sections")]);
    assert!(to.contains("?started=new") && to.ends_with("&filled=2"), "{to}");
    assert!(device.page(&to).contains("From the Virtual School’s directory: 2 answers."));
}
