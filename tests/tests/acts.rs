//! What people have the directory do from their own devices: done while the relay is there, seen by their teams, and not done at all
//! without it.

use std::process::Stdio;

use harness::world::{CHILD, Person, Two, day_in};
use serde_json::{Value, json};

/// Runs a command that is to fail: its exit code and the words of its JSON.
fn fails(person: &Person, args: &[&str]) -> (Option<i32>, String) {
    let output = person.command(args.iter().copied().chain(["--json"])).output().expect("pep runs");
    let said: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    (output.status.code(), said["error"]["message"].as_str().expect("words").to_owned())
}

fn of<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().expect("a list").iter().find(|one| one["name"] == name).expect("their entry")
}

#[test]
fn a_contact_a_name_and_a_corrected_fact_are_seen_by_the_team() {
    let story = Two::begin();
    let said = story.odile.json(["contacts", "--phone", "01632 960001", "--email", " odile@example.org "]);
    assert_eq!(of(&said, "Odile Marrowfield")["phone"], "01632 960001", "{said}");
    let named = story.odile.json(["device", "name", "the laptop in the car"]);
    assert_eq!(named, json!({ "act": "name-device", "done": true }));
    let own = story.odile.json(["device", "list"]);
    assert_eq!((&own[0]["label"], &own[0]["this"]), (&json!("the laptop in the car"), &json!(true)), "{own}");
    let put_right = ["child", "set", CHILD, "--dob", "2010-11-03", "--reason", "The birth certificate says so."];
    assert_eq!(story.odile.json(put_right), json!({ "act": "correct-child", "done": true }));

    story.share();
    let seen = story.ottoline.json(["contacts", CHILD]);
    let odile = of(&seen, "Odile Marrowfield");
    assert_eq!((&odile["phone"], &odile["email"]), (&json!("01632 960001"), &json!("odile@example.org")));
    assert_eq!((&odile["role"], &of(&seen, "Ottoline Greaves-Penn")["phone"]), (&json!("social-worker"), &Value::Null));
    assert!(story.ottoline.pep(["contacts", CHILD]).contains("01632 960001, odile@example.org"));
    assert_eq!(story.ottoline.json(["child", "show", CHILD])["dob"], "2010-11-03");
    // One way is taken away, and the other stays.
    let said = story.odile.json(["contacts", "--phone", ""]);
    let odile = of(&said, "Odile Marrowfield");
    assert_eq!((&odile["phone"], &odile["email"]), (&Value::Null, &json!("odile@example.org")));
    // What is not hers to put right is refused by the relay.
    let (code, words) = fails(&story.ottoline, &put_right);
    assert!(code == Some(3) && words.contains("not for you to do"), "{code:?} {words}");
    let (code, words) = fails(&story.odile, &["contacts", "--phone", "ring the school"]);
    assert!(code == Some(2) && words.contains("three digits"), "{code:?} {words}");
    let usage = story.odile.command(["child", "set", CHILD, "--reason", "None of them."]).output().expect("pep runs");
    assert_eq!(usage.status.code(), Some(2));
}

#[test]
fn without_the_relay_nothing_is_done_and_that_is_said() {
    let mut story = Two::begin();
    let new = story.odile.json(["new", CHILD, "--term", "2025/26-spring", "--type", "review"]);
    let pep = new["pep"].as_str().expect("a PEP").to_owned();
    story.world.stop_relay().expect("it ends");
    for args in [
        &["contacts", "--phone", "01632 960002"][..],
        &["device", "name", "another"],
        &["team", "end", CHILD, "Ottoline Greaves-Penn"],
        &["hand-over", CHILD, "--to", "Ottoline Greaves-Penn"],
        &["delegate", &pep, "Ottoline Greaves-Penn", "--sections", "D", "--until", "2031-01-31"],
        &["child", "set", CHILD, "--emergency", "yes", "--reason", "So it was."],
    ] {
        let (code, words) = fails(&story.odile, args);
        assert_eq!(code, Some(4), "{args:?}: {words}");
    }
    story.world.serve();
    story.share();
    let contacts = story.odile.json(["contacts"]);
    assert_eq!(of(&contacts, "Odile Marrowfield")["phone"], Value::Null, "nothing waited for it");
    assert_eq!(story.odile.json(["child", "show", CHILD])["team"].as_array().expect("a team").len(), 2);
}

#[test]
fn a_case_is_handed_on_and_a_membership_ended_by_those_who_may() {
    let story = Two::begin();
    let invited = ["invite", "--name", "Petra Lanternby", "--role", "social-worker", "--json"];
    let petra: Value = serde_json::from_str(&story.world.relay(invited)).expect("JSON");
    let id = petra["person"].as_str().expect("an id");
    let (code, _) = fails(&story.odile, &["hand-over", CHILD, "--to", "Petra Lanternby"]);
    assert_eq!(code, Some(1), "she does not know her, and is told to ask for her id");
    let (code, words) = fails(&story.ottoline, &["hand-over", CHILD, "--to", id, "--from", "Odile Marrowfield"]);
    assert!(code == Some(3), "{code:?} {words}");
    let handed = story.odile.json(["hand-over", CHILD, "--to", id, "--reason", "A new team."]);
    assert_eq!(handed, json!({ "act": "hand-over", "done": true }));

    let officer = story.officer();
    let team = officer.json(["child", "show", CHILD])["team"].clone();
    let worker = team.as_array().expect("a team").iter().find(|one| one["role"] == "social-worker").expect("one");
    assert_eq!((&worker["name"], team.as_array().map(Vec::len)), (&json!("Petra Lanternby"), Some(3)), "{team}");
    // The Virtual School hands on for others, and ends memberships.
    let (gideon, end) =
        (["invite", "--name", "Gideon Larkspur-Bell", "--role", "social-worker", "--json"], "2031-01-31");
    let gideon: Value = serde_json::from_str(&story.world.relay(gideon)).expect("JSON");
    officer.pep(["hand-over", CHILD, "--to", gideon["person"].as_str().expect("an id"), "--on", "2031-01-01"]);
    officer.pep(["team", "end", CHILD, "Ottoline Greaves-Penn", "--on", end]);
    let team = officer.json(["child", "show", CHILD])["team"].clone();
    assert_eq!(of(&team, "Ottoline Greaves-Penn")["to"], end);
    assert_eq!(of(&team, "Petra Lanternby")["to"], "2030-12-31");
    let (code, words) = fails(
        &officer,
        &["hand-over", CHILD, "--from", "Petra Lanternby", "--to", "Odile Marrowfield", "--on", "2031-02-01"],
    );
    assert!(code == Some(6) && words.contains("handed over already"), "{code:?} {words}");
    // All of it is in the audit, and why.
    let audit = story.world.relay(["audit", "--json"]);
    assert!(audit.contains("handed over") && audit.contains("did act") && audit.contains("A new team"));
    let rights: Value = serde_json::from_str(&story.world.relay(["rights", "--json"])).expect("JSON");
    let own = json!({ "act": "hand-over", "role": "social-worker", "reach": "own" });
    assert!(rights.as_array().expect("a table").contains(&own));
    assert!(story.world.relay(["rights"]).contains("designated-teacher"));
}

#[test]
fn beside_a_program_that_keeps_the_line_it_goes_over_that_line() {
    let story = Two::begin();
    let mut watching = story
        .odile
        .command(["sync", "--watch"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("pep runs");
    let stderr = watching.stderr.take().expect("a pipe");
    let mut said = std::io::BufRead::lines(std::io::BufReader::new(stderr)).map_while(Result::ok);
    assert!(said.any(|line| line == "Connected."));
    let contacts = story.odile.json(["contacts", "--email", "odile@example.org"]);
    assert_eq!(of(&contacts, "Odile Marrowfield")["email"], "odile@example.org");
    watching.kill().expect("it runs");
    watching.wait().expect("it ends");
}

#[test]
fn no_hand_over_leaves_a_child_with_nobody_in_between() {
    let story = Two::begin();
    let petra = story.world.relay(["invite", "--name", "Petra Lanternby", "--role", "social-worker", "--json"]);
    let petra: Value = serde_json::from_str(&petra).expect("JSON");
    let to = petra["person"].as_str().expect("an id");
    story.odile.pep(["hand-over", CHILD, "--to", to, "--on", "2031-01-01"]);
    // She is to have it from a later day on: handed over today it would be nobody's until then.
    let (code, words) = fails(&story.odile, &["hand-over", CHILD, "--to", to]);
    assert!(code == Some(6) && words.contains("from a later day on"), "{words}");
    story.odile.sync();
    assert!(story.odile.pep(["child", "list"]).contains("Idris"), "she has it still");
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_done() {
    let story = Two::begin();
    for (fact, value) in [
        ("--dob", "2999-01-01"),
        ("--dob", "0001-01-01"),
        ("--looked-after-since", "2999-01-01"),
        ("--looked-after-since", "2009-01-01"),
    ] {
        let (code, words) = fails(&story.odile, &["child", "set", CHILD, fact, value, "--reason", "Typed."]);
        assert!(code == Some(2) && words.contains("both dates"), "{fact} {value}: {words}");
    }
    for name in ["\u{202e}Idris", "\u{200b}", "Idris\u{2066}"] {
        let (code, _) = fails(&story.odile, &["child", "set", CHILD, "--name", name, "--reason", "Typed."]);
        assert_eq!(code, Some(2), "{name:?}");
    }
    let long = "x".repeat(100_000);
    for reason in [long.as_str(), "a\u{1b}[31mb"] {
        let (code, words) = fails(&story.odile, &["child", "set", CHILD, "--dob", "2010-11-03", "--reason", reason]);
        assert!(code == Some(2) && words.contains("at most 1000 characters"), "{words}");
    }
    // A link for one's own device that needs none, at the same address.
    let link = story.world.invite("Odile Marrowfield", "social-worker");
    assert_eq!(story.odile.json(["join", &link])["name"], "Odile Marrowfield", "and says whose it is, as ever");
    // A child whom no relay would take in is not made known here either: their plans could not be shared.
    for since in ["2015-01-01", "2999-01-01"] {
        let add = ["child", "add", "--name", "Wren Tapplestone", "--dob", "2016-03-14", "--looked-after-since", since];
        let (code, words) = fails(&story.odile, &add);
        assert!(code == Some(2) && words.contains("comes into care after that"), "{since}: {words}");
    }
    let second = Person { home: story.world.path("odile-tablet") };
    second.pep(["join", &link]);
    assert!(second.pep(["child", "list"]).contains("Idris"), "the link was not used up");
}

#[test]
fn r002_14_a_colleague_answers_what_was_delegated_to_them_and_the_teacher_stays_accountable() {
    let story = Two::begin();
    let school = "Thornfield Bridge Academy";
    let joins = |home: &str, name: &str, role: &str, more: &[&str]| {
        let invite = ["invite", "--name", name, "--role", role, "--organisation", school];
        let link = story.world.relay(invite.iter().chain(more).copied());
        let person = Person { home: story.world.path(home) };
        person.pep(["join", link.trim()]);
        person
    };
    let sunniva = joins("sunniva", "Sunniva Dray", "designated-teacher", &["--child", CHILD]);
    let fabian = joins("fabian", "Fabian Rookhurst", "professional", &[]);
    let made =
        story.odile.json(["new", CHILD, "--term", "2025/26-spring", "--type", "review", "--process", "ten-page"]);
    let pep = made["pep"].as_str().expect("a PEP").to_owned();
    story.share();
    sunniva.sync();
    let id = fabian.json(["whoami"])["person"].as_str().expect("an id").to_owned();
    let delegate = |sections: &str, until: &str| {
        ["delegate", &pep, &id, "--sections", sections, "--until", until].map(str::to_owned)
    };
    let refused = |person: &Person, args: &[String], wanted: i32, words: &str| {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let (code, said) = fails(person, &args);
        assert!(code == Some(wanted) && said.contains(words), "{args:?}: {code:?} {said}");
    };
    refused(&sunniva, &delegate("99", "2031-01-31"), 2, "not pages of this plan");
    refused(&sunniva, &delegate("4", "2020-01-31"), 2, "within a year");
    refused(&story.odile, &delegate("4", "2031-01-31"), 3, "not for you to do");
    // A teacher of another school cannot delegate to him: nobody there knows him.
    refused(&story.ottoline, &delegate("4", &day_in(7)), 1, "of the same school");
    let words = ["write", &pep, "progress.goingWell", "He explains his ideas to others."].map(str::to_owned);
    refused(&fabian, &words, 1, "no such PEP");

    let until = day_in(7);
    let done = sunniva.json(delegate("4", &until));
    assert_eq!(done, json!({ "act": "delegate", "done": true }));
    fabian.sync();
    let (theirs, others) = questions(&fabian, &pep, "4");
    assert!(fabian.json(["list", "--mine"]).as_array().is_some_and(|list| list.len() == 1), "it waits for him");
    fabian.pep(["write", &pep, &theirs, "He explains his ideas to others."]);
    let (code, said) = fails(&fabian, &["write", &pep, &others, "Not mine."]);
    assert_eq!(code, Some(3), "{said}");
    let (code, said) = fails(&fabian, &["complete", &pep]);
    assert!(code == Some(3), "{code:?} {said}");
    fabian.sync();
    for person in [&sunniva, &story.odile] {
        person.sync();
        let shown = person.json(["show", &pep]);
        assert_eq!(shown["answers"][&theirs], "He explains his ideas to others.");
        let told = &shown["delegations"][0];
        assert_eq!(
            (&told["name"], &told["sections"], &told["until"]),
            (&json!("Fabian Rookhurst"), &json!(["4"]), &json!(until))
        );
        assert!(person.json(["status"])["peps"][0]["held"] == 0);
    }
    // It ends, and with it his place on the team, at the end of the day; the teacher sees that nothing is delegated any more.
    sunniva.pep(["delegate", &pep, &id, "--end"]);
    let team = sunniva.json(["child", "show", CHILD])["team"].clone();
    assert!(of(&team, "Fabian Rookhurst")["to"].as_str().is_some_and(|to| to < until.as_str()), "{team}");
}

/// A long text that the teacher writes on a page of a plan, and one on another page.
fn questions(person: &Person, pep: &str, page: &str) -> (String, String) {
    let id = person.json(["show", pep])["process"]["id"].as_str().expect("a process").to_owned();
    let process = plan::Processes::built_in().latest(&id).expect("it is known");
    let on = |here: bool| {
        let pages = process.process().pages.iter().filter(move |one| (one.id == page) == here);
        let mut questions = pages.flat_map(|page| page.questions.iter());
        let fits = |question: &&&plan::Question| {
            let always = matches!(question.visible_if, plan::Expr::Always);
            let hers = process.process().writers_of(question).contains(&plan::Role::DesignatedTeacher);
            question.kind == plan::Kind::LongText && !question.voice && !question.reserved && always && hers
        };
        questions.find(fits).map(|question| question.id.clone()).expect("one")
    };
    (on(true), on(false))
}
