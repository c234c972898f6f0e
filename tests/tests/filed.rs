//! A wrong PEP, or a child who was entered twice, is put right by those who may: nothing of what was written is copied or lost, and
//! everybody, also whoever was offline meanwhile, comes to see the same.

use harness::world::{CHILD, Person, Two};
use serde_json::{Value, json};

/// Runs a command that is to fail: its exit code, and the words and the hint of its JSON.
fn fails(person: &Person, args: &[&str]) -> (Option<i32>, String) {
    let output = person.command(args.iter().copied().chain(["--json"])).output().expect("pep runs");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let words = [&said["error"]["message"], &said["error"]["hint"]].map(|words| words.as_str().unwrap_or_default());
    (output.status.code(), words.join(" "))
}

fn refused(person: &Person, args: &[&str], code: i32, words: &str) {
    let (came, said) = fails(person, args);
    assert!(came == Some(code) && said.contains(words), "{args:?}: {came:?} {said}");
}

fn new(person: &Person, child: &str, kind: &str, more: &[&str]) -> (String, bool) {
    let args = ["new", child, "--term", "2025/26-spring", "--type", kind, "--process", "sections"];
    let made = person.json(args.iter().chain(more).copied());
    (made["pep"].as_str().expect("an id").to_owned(), made["created"] == true)
}

fn listed(person: &Person, pep: &str) -> Value {
    let list = person.json(["list"]);
    let found = list.as_array().expect("a list").iter().find(|one| one["pep"] == pep).cloned();
    found.unwrap_or_else(|| panic!("{pep} is not in {list}"))
}

#[test]
fn a_type_put_right_is_what_everybody_is_asked_by_and_nothing_is_begun_twice() {
    let story = Two::begin();
    let (pep, _) = new(&story.odile, CHILD, "initial", &[]);
    story.odile.pep(["write", &pep, "care.story", "He cooks on Sundays."]);
    story.share();
    assert_eq!(story.odile.show(&pep)["answers"]["meta.pepType"], "initial");
    // Ottoline is out of reach, and writes in it as what it was.
    story.ottoline.pep(["write", &pep, "progress.goingWell", "He explains his ideas."]);

    let amend = |kind: &'static str| ["amend", &pep, "--type", kind].map(str::to_owned);
    let asks = |person: &Person, args: [String; 4], code, words| {
        refused(person, &args.each_ref().map(String::as_str), code, words);
    };
    asks(&story.odile, amend("weekly"), 2, "");
    asks(&story.ottoline, amend("review"), 3, "not for you to do");
    asks(&story.odile, amend("initial"), 6, "of that type already");
    assert_eq!(story.odile.json(amend("review")), json!({ "act": "amend-pep", "done": true }));
    asks(&story.odile, amend("review"), 6, "of that type already");

    story.share();
    for person in [&story.odile, &story.ottoline] {
        let plan = person.show(&pep);
        assert_eq!((&plan["type"], &plan["answers"]["meta.pepType"]), (&json!("review"), &json!("review")));
        assert_eq!((&plan["amended"]["was"], &plan["amended"]["by"]), (&json!("initial"), &json!("Odile Marrowfield")));
        assert_eq!(plan["answers"]["care.story"], "He cooks on Sundays.");
        assert_eq!(plan["answers"]["progress.goingWell"], "He explains his ideas.");
        assert_eq!(listed(person, &pep)["type"], "review");
        assert!(person.pep(["list"]).contains("begun as initial, it is now termly review"));
        // What it is now is opened, and what it was cannot be begun: it would be the same PEP.
        assert_eq!(new(person, CHILD, "review", &[]), (pep.clone(), false));
        let again = ["new", CHILD, "--term", "2025/26-spring", "--type", "initial", "--process", "sections"];
        refused(person, &again, 1, "is one of another type now");
    }
    // Without a connection too, and in a program that is opened anew.
    story.odile.pep(["write", &pep, "care.story", "He cooks on Saturdays.", "--append"]);
    assert!(story.odile.pep(["show", &pep]).contains("termly review"));
    let audit = story.world.relay(["audit", "--json"]);
    assert!(audit.contains("amended PEP"), "{audit}");
}

#[test]
fn a_pep_begun_by_mistake_is_kept_and_counts_nowhere_until_it_is_brought_back() {
    let story = Two::begin();
    let autumn = ["new", CHILD, "--term", "2025/26-autumn", "--type", "review", "--process", "sections"];
    let autumn = story.odile.json(autumn)["pep"].as_str().expect("an id").to_owned();
    story.odile.pep(["set", &autumn, "care.legalStatus", "C2"]);
    story.share();
    let mistake = ["withdraw", &autumn, "--reason", "Begun for the wrong term."];
    refused(&story.odile, &["withdraw", &autumn], 2, "");
    refused(&story.odile, &["withdraw", &autumn, "--reason", "  "], 2, "Say why");
    refused(&story.ottoline, &mistake, 3, "not for you to do");
    refused(&story.odile, &["withdraw", &autumn, "--back"], 6, "not withdrawn");
    refused(&story.odile, &["withdraw", "0123abcd", "--reason", "None."], 1, "no such PEP");
    // Ottoline does not know of it yet: what she writes is kept with the plan.
    story.ottoline.pep(["write", &autumn, "progress.goingWell", "He explains his ideas."]);
    assert_eq!(story.odile.json(mistake), json!({ "act": "withdraw-pep", "done": true }));
    story.share();
    for person in [&story.odile, &story.ottoline] {
        let line = listed(person, &autumn);
        assert_eq!(
            (&line["state"], &line["outstanding"], &line["due"]),
            (&json!("withdrawn"), &json!({}), &Value::Null)
        );
        assert_eq!(line["withdrawn"]["reason"], "Begun for the wrong term.");
        for list in [&["list", "--due"][..], &["list", "--mine"], &["tasks"]] {
            let found = person.json(list);
            assert!(!found.to_string().contains(&autumn), "{list:?}: {found}");
        }
        let words = person.pep(["show", &autumn]);
        assert!(words.contains("was withdrawn by Odile Marrowfield") && words.contains("He explains his ideas."));
        refused(person, &["write", &autumn, "progress.goingWell", "More."], 3, "was withdrawn");
        refused(person, &["set", &autumn, "care.legalStatus", "C1"], 3, "was withdrawn");
        refused(person, &["complete", &autumn], 3, "was withdrawn");
        let again = ["new", CHILD, "--term", "2025/26-autumn", "--type", "review", "--process", "sections"];
        refused(person, &again, 1, "--back");
    }
    refused(&story.odile, &mistake, 6, "is withdrawn");
    refused(&story.odile, &["amend", &autumn, "--type", "initial"], 6, "is withdrawn");
    // It is nobody's last PEP.
    let (spring, _) = new(&story.odile, CHILD, "review", &[]);
    let plan = story.odile.show(&spring);
    assert_eq!((&plan["previousPep"], plan["answers"].get("care.legalStatus")), (&Value::Null, None));

    story.odile.pep(["withdraw", &autumn, "--back"]);
    story.share();
    assert_eq!(listed(&story.ottoline, &autumn)["state"], "drafting");
    story.ottoline.pep(["write", &autumn, "progress.goingWell", "More."]);
    assert_eq!(story.odile.show(&spring)["previousPep"], autumn.as_str());
}

#[test]
fn r000_21_one_more_in_a_term_is_one_for_all_who_begin_it_that_day_for_that_reason() {
    let story = Two::begin();
    let (ordinary, _) = new(&story.odile, CHILD, "review", &[]);
    story.share();
    for wrong in ["", "  ", &"x".repeat(101)] {
        let args = ["new", CHILD, "--term", "2025/26-spring", "--type", "review", "--extra", wrong];
        refused(&story.odile, &args, 2, "one more PEP this term");
    }
    // Apart, and each in their own way of writing it.
    let (hers, created) = new(&story.odile, CHILD, "review", &["--extra", "Attendance  concern"]);
    let (theirs, also) = new(&story.ottoline, CHILD, "review", &["--extra", "attendance concern"]);
    assert!(created && also && hers == theirs && hers != ordinary, "{hers} {theirs}");
    let (other, _) = new(&story.odile, CHILD, "review", &["--extra", "Suspension"]);
    assert_ne!(other, hers);
    story.odile.pep(["write", &hers, "care.story", "He cooks on Sundays."]);
    story.ottoline.pep(["write", &theirs, "progress.goingWell", "He explains his ideas."]);
    story.share();
    story.share();
    for person in [&story.odile, &story.ottoline] {
        let plan = person.show(&hers);
        assert_eq!(plan["answers"]["care.story"], "He cooks on Sundays.");
        assert_eq!(plan["answers"]["progress.goingWell"], "He explains his ideas.");
        assert!(
            plan["extra"]["reason"].as_str().is_some_and(|why| why.to_lowercase() == "attendance concern"),
            "{plan}"
        );
        let shown = person.pep(["list"]);
        assert!(shown.contains("extra: ") && shown.to_lowercase().contains("attendance concern"), "{shown}");
        // The term's is what it was, is not two, and is what is opened without a reason.
        let line = listed(person, &ordinary);
        assert_eq!((&line["twins"], &line["extra"]), (&json!([]), &Value::Null));
        assert_eq!(new(person, CHILD, "review", &[]), (ordinary.clone(), false));
        assert!(listed(person, &hers)["due"].is_null(), "the term's clock is the term's");
    }
}

#[test]
fn r001_02_a_type_that_somebody_else_chose_waits_for_the_social_workers_yes() {
    let story = Two::begin();
    let (theirs, _) = new(&story.ottoline, CHILD, "initial", &[]);
    let (hers, _) = new(&story.odile, CHILD, "review", &[]);
    story.ottoline.sync();
    story.share();
    for person in [&story.odile, &story.ottoline] {
        assert_eq!(listed(person, &theirs)["waitsFor"], "social-worker");
        assert_eq!(listed(person, &hers)["waitsFor"], Value::Null);
        assert!(person.pep(["show", &theirs]).contains("waits for the social worker’s yes"));
    }
    let waits = |person: &Person| {
        let tasks = person.json(["tasks"]);
        tasks.as_array().expect("a list").iter().any(|one| one["kind"] == "approve" && one["pep"] == theirs.as_str())
    };
    assert!(waits(&story.odile) && !waits(&story.ottoline), "it is on the list of whoever chooses");
    refused(&story.ottoline, &["amend", &theirs, "--type", "initial"], 3, "not for you to do");
    story.odile.pep(["amend", &theirs, "--type", "initial"]);
    story.share();
    assert!(!waits(&story.odile));
    let plan = story.ottoline.show(&theirs);
    assert_eq!((&plan["waitsFor"], &plan["amended"], &plan["type"]), (&Value::Null, &Value::Null, &json!("initial")));
    // In a process that leaves it to whoever begins one, it waits for nobody.
    let new = ["new", CHILD, "--term", "2025/26-summer", "--type", "review", "--process", "ten-page"];
    let summer = story.ottoline.json(new)["pep"].as_str().expect("an id").to_owned();
    story.ottoline.sync();
    assert_eq!(listed(&story.ottoline, &summer)["waitsFor"], Value::Null);
}

/// Idris was entered a second time, as Idris Fenimoor, with Ottoline alone on that team.
fn entered_twice(story: &Two) -> (String, String) {
    let relay = |args: &[&str]| story.world.relay(args);
    let other = relay(&["children", "add", "--name", "Idris Fenimoor", "--dob", "2010-11-02"]).trim().to_owned();
    let ottoline = story.ottoline.json(["whoami"])["person"].as_str().expect("an id").to_owned();
    relay(&["teams", "add", &other, &ottoline, "--role", "designated-teacher"]);
    story.share();
    let list = story.odile.json(["child", "list"]);
    (list[0]["child"].as_str().expect("an id").to_owned(), other)
}

#[test]
fn a_child_who_was_entered_twice_is_one_with_the_plans_of_both_in_every_order() {
    for joined_first in [false, true] {
        let story = Two::begin();
        let (idris, other) = entered_twice(&story);
        // Both are out of reach, and begin the term's PEP for the entry that they know.
        let (hers, _) = new(&story.odile, CHILD, "review", &[]);
        let (theirs, _) = new(&story.ottoline, &other, "review", &[]);
        assert_ne!(hers, theirs);
        story.odile.pep(["write", &hers, "care.story", "He cooks on Sundays."]);
        story.ottoline.pep(["write", &theirs, "progress.goingWell", "He explains his ideas."]);
        let merge = ["children", "merge", &other, CHILD, "--reason", "One UPN.", "--json"];
        let merged = || {
            let said: Value = serde_json::from_str(&story.world.relay(merge)).expect("JSON");
            assert_eq!(said, json!({ "child": other, "into": idris, "joined": true }));
        };
        match joined_first {
            true => merged(),
            false => {
                story.share();
                merged();
            }
        }
        story.share();
        story.share();
        for person in [&story.odile, &story.ottoline] {
            let children = person.json(["child", "list"]);
            assert_eq!(children.as_array().map(Vec::len), Some(1), "{children}");
            assert_eq!((&children[0]["child"], &children[0]["name"]), (&json!(idris), &json!(CHILD)));
            for pep in [&hers, &theirs] {
                let line = listed(person, pep);
                assert_eq!((&line["child"], &line["childName"]), (&json!(idris), &json!(CHILD)));
                assert_eq!(line["twins"].as_array().map(Vec::len), Some(1), "{line}");
            }
            assert!(person.pep(["list"]).contains("withdraw the one too many, or keep both"));
            // The other entry still names the child.
            assert_eq!(person.json(["child", "show", &other])["child"], idris);
            assert_eq!(person.show(&hers)["answers"]["care.story"], "He cooks on Sundays.");
            assert_eq!(person.show(&theirs)["answers"]["progress.goingWell"], "He explains his ideas.");
            assert!(person.pep(["history", &theirs]).contains("Ottoline Greaves-Penn"));
        }
        // Both are still written in, by both.
        story.odile.pep(["write", &theirs, "care.story", "He sings."]);
        story.ottoline.pep(["write", &hers, "progress.goingWell", "He listens."]);
        story.share();
        assert_eq!(story.ottoline.show(&theirs)["answers"]["care.story"], "He sings.");
        assert_eq!(story.odile.show(&hers)["answers"]["progress.goingWell"], "He listens.");
        assert!(story.odile.json(["status"])["peps"].as_array().expect("a list").iter().all(|pep| pep["held"] == 0));
        story.odile.pep(["withdraw", &theirs, "--reason", "Begun twice."]);
        story.share();
        assert_eq!(listed(&story.ottoline, &hers)["twins"], json!([]));
        // Whoever leaves the one team leaves the other.
        story.world.relay(["teams", "end", CHILD, "Ottoline Greaves-Penn", "--on", "2026-01-31"]);
        let team = story.world.relay(["teams", "list", &other, "--json"]);
        let team: Value = serde_json::from_str(&team).expect("JSON");
        let gone = team.as_array().expect("a team").iter().find(|one| one["name"] == "Ottoline Greaves-Penn");
        assert!(gone.is_some_and(|one| one["to"] == "2026-01-31"), "{team}");
    }
}

#[test]
fn entries_are_joined_by_the_virtual_school_and_never_in_chains_or_rings() {
    let story = Two::begin();
    let (idris, other) = entered_twice(&story);
    let third = story.world.relay(["children", "add", "--name", "Idris F", "--dob", "2010-11-02"]).trim().to_owned();
    let officer = story.officer();
    for (child, role) in [(&other, "virtual-school-officer"), (&third, "virtual-school-officer")] {
        story.world.relay(["teams", "add", child, "Lorcan Tidewell", "--role", role]);
    }
    officer.sync();
    let join = |from: &str, into: &str| ["child", "join", from, into, "--reason", "One UPN."].map(str::to_owned);
    let asks = |person: &Person, args: [String; 6], code, words| {
        refused(person, &args.each_ref().map(String::as_str), code, words);
    };
    asks(&officer, join(&other, &other), 2, "two different ones");
    refused(&officer, &["child", "join", &other, &idris, "--reason", " "], 2, "one child");
    refused(&officer, &["child", "join", &other, "0123abcd", "--reason", "One UPN."], 1, "no such child");
    asks(&story.ottoline, join(&other, &idris), 3, "not for you to do");
    assert_eq!(officer.json(join(&other, &idris)), json!({ "act": "join-children", "done": true }));
    asks(&officer, join(&other, &third), 6, "joined to another one already");
    asks(&officer, join(&third, &other), 6, "joined to another one already");
    asks(&officer, join(&idris, &third), 6, "Another entry is joined to that one");
    officer.pep(join(&third, &idris));
    let list: Value = serde_json::from_str(&story.world.relay(["children", "list", "--json"])).expect("JSON");
    let known_as = |id: &str| {
        list.as_array().expect("a list").iter().find(|one| one["child"] == id).map(|one| one["joinedTo"].clone())
    };
    assert_eq!((known_as(&other), known_as(&idris)), (Some(json!(idris)), Some(Value::Null)));
    // They were two children after all.
    let apart = ["child", "join", &third, &idris, "--undo", "--reason", "Another UPN."];
    officer.pep(apart);
    refused(&officer, &apart, 6, "not joined");
    officer.sync();
    assert_eq!(officer.json(["child", "list"]).as_array().map(Vec::len), Some(2));
    let said = story.world.relay(["audit", "--json"]);
    assert!(said.contains("joined children") && said.contains("took children apart") && said.contains("One UPN."));
}

#[test]
fn without_the_relay_nothing_of_it_is_done_and_that_is_said() {
    let mut story = Two::begin();
    let (pep, _) = new(&story.odile, CHILD, "review", &[]);
    story.share();
    story.world.stop_relay().expect("it ends");
    refused(&story.odile, &["amend", &pep, "--type", "initial"], 4, "");
    refused(&story.odile, &["withdraw", &pep, "--reason", "By mistake."], 4, "");
    story.world.serve();
    story.share();
    assert_eq!(listed(&story.odile, &pep)["type"], "review");
    assert_eq!(listed(&story.odile, &pep)["withdrawn"], Value::Null);
}
