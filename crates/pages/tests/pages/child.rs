//! The device is given to a child: seven answers, nothing else to be seen, and no way out without the PIN.

use crate::prelude::*;
use participant::settings::ChildMode;

/// Wren, of primary age, in a process whose child's page this role writes.
fn wren(role: Role) -> (Device, Pep) {
    let device = Device::of(role);
    let pep = device.plan(device.child("Wren Tapplestone"), "sections");
    device.grows(&pep, "5");
    (device, pep)
}

impl Device {
    fn take_back(&self) {
        assert!(self.led("/views/leave", Some(&form("", &[("pin", PIN)]))).is_some());
    }

    /// The number of a question by its words.
    pub fn number(&self, words: &str) -> String {
        let numbers = (1..40).map(|n| format!("/views/{n}"));
        let mut pages = numbers.take_while(|target| self.led(target, None).is_none());
        pages.find(|target| self.page(target).contains(words)).unwrap_or_else(|| panic!("nothing asks {words}"))
    }

    /// Answers as a browser does, from what the page showed; where it leads.
    pub fn answer(&self, words: &str, go: &str, fields: &[(&str, &str)]) -> String {
        let target = self.number(words);
        let html = self.page(&target);
        let kept = hidden(&html, "answer~kept").replace("&lt;", "<").replace("&quot;", "\"").replace("&amp;", "&");
        let mut all = vec![("answer~kept", kept.as_str()), ("go", go)];
        all.extend_from_slice(fields);
        self.led(&target, Some(&form("", &all))).unwrap_or_else(|| panic!("{target}: {words} was not taken"))
    }
}

#[test]
fn wren_answers_and_every_word_stays_as_it_was_written() {
    let (device, pep) = wren(Role::DesignatedTeacher);
    device.has_pin().give(&pep);
    assert_eq!(device.led("/views", Some("go=start")).unwrap(), "/views/1");
    assert_eq!(device.answer("feel about lessons", "next", &[("answer", "3")]), "/views/3");
    assert_eq!(device.answer("feel about playtime", "next", &[("answer", "5")]), "/views/4");
    // Spaces, lines, spelling, emoji and marks are theirs.
    let best = "  art 🎨 an when we did the volcaino!!\n\n<b>BOOM</b> \u{202e}x ";
    device.answer("The best thing at school is", "next", &[("answer", best)]);
    // Back and skip keep what was written, too.
    device.answer("Something that is tricky", "back", &[("answer", "reeding out lowd becuase my words stop")]);
    device.answer("People who help me", "skip", &[("answer", "Miss Plume and Jan's dog Biscuit")]);
    device.answer("If I could change one thing", "skip", &[("answer", "")]);
    device.answer("How I want to take part", "next", &[("answer", "last_10_minutes")]);

    let view = device.view(&pep);
    let own = |id: &str| match &view.answers[id] {
        Answer::Voices(voices) => voices.iter().map(|voice| voice.text.clone()).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    assert_eq!(own("voice.priBest"), [best]);
    assert_eq!(own("voice.priTricky"), ["reeding out lowd becuase my words stop"]);
    assert_eq!(own("voice.priHelpers"), ["Miss Plume and Jan's dog Biscuit"]);
    assert_eq!(own("voice.priChange"), Vec::<String>::new());
    assert!(matches!(&view.answers["voice.priFaces"], Answer::Table(rows) if rows.len() == 2));
    // The pages themselves say how, by whom and when.
    let value = |id: &str| match &view.answers[id] {
        Answer::Value(value) => value.to_string(),
        Answer::Set(words) => words.iter().cloned().collect(),
        _ => String::new(),
    };
    assert_eq!(value("voice.recordedBy"), "Wren Tapplestone, on the device of Ottoline Greaves-Penn");
    assert_eq!(value("voice.recordedOn"), device.now().today());
    assert_eq!((value("voice.method"), value("voice.meetingChoice")), ("wrote_it".into(), "last_10_minutes".into()));

    // Whoever lent the device finds the words under their own name, and is told whose they are.
    device.take_back();
    let section = device.page(&section(&pep, "voice.priBest"));
    assert!(
        section
            .contains("Wren Tapplestone typed these words on this device. Change them only as Wren Tapplestone asks")
    );
    device.give(&pep);

    let check = device.page("/views/check");
    assert!(
        check.contains("&lt;b&gt;BOOM&lt;/b&gt;") && check.contains("Very happy") && check.contains("You skipped this")
    );
    // From there an answer is changed and taken away, and the way leads back there.
    let lessons = device.number("feel about lessons");
    assert!(device.page(&format!("{lessons}?from=check")).contains("name=\"from\" value=\"check\""));
    let changed = device.answer("feel about lessons", "next", &[("answer", "4"), ("from", "check")]);
    assert_eq!(changed, "/views/check");
    assert!(device.page(&lessons).contains("Take my answer away"));
    device.answer("feel about lessons", "clear", &[("answer", "4")]);
    assert!(!device.page(&lessons).contains("checked") && !device.page(&lessons).contains("Take my answer away"));
}

#[test]
fn what_was_typed_is_kept_once_however_often_and_from_however_many_windows_it_comes() {
    let (device, pep) = wren(Role::DesignatedTeacher);
    device.has_pin().give(&pep);
    let target = device.number("The best thing at school is");
    let send = |kept: &str, tried: Option<&str>, text: &str| {
        let mut fields = vec![("answer~kept", kept), ("answer", text), ("go", "stay")];
        fields.extend(tried.map(|tried| ("answer~tried", tried)));
        device.led(&target, Some(&form("", &fields))).unwrap();
        device.text(&pep, "voice.priBest")
    };
    assert_eq!(send("", None, "art"), "art");
    assert_eq!(send("", None, "art"), "art");
    // An answer to what was sent never came; what was typed since takes its place.
    assert_eq!(send("", Some("art"), "art and maths"), "art and maths");
    // A window that is behind and in which nothing was typed changes nothing; one in which something was typed adds it.
    assert_eq!(send("art", None, "art"), "art and maths");
    assert_eq!(send("art", None, "art. Also lunch"), "art and maths. Also lunch");
    // A word put in, taken out and put in again is not taken for a form that came twice.
    assert_eq!(send("art and maths. Also lunch", None, "x"), "x");
    assert_eq!(send("x", None, ""), "");
    assert_eq!(send("", None, "x"), "x");
}

#[test]
fn scales_have_words_at_their_ends_and_a_reason_beside_them() {
    let device = Device::of(Role::SocialWorker);
    let pep = device.plan(device.child("Idris Fennimoor"), "sections");
    device.grows(&pep, "10");
    device.has_pin().give(&pep);
    let html = device.page("/views/1");
    assert_eq!(html.matches("type=\"radio\"").count(), 11);
    assert!(html.contains("0 is not good at all. 10 is very good."));
    let why = "because people move stuff without asking";
    device.answer("How much do people listen to you?", "next", &[("answer", "4"), ("why", why)]);
    let check = device.page("/views/check");
    assert!(check.contains("4 out of 10") && check.contains(why));
    // No score at all, and one that is none.
    let target = device.number("How safe do you feel?");
    for bad in ["11", "-1", "4.5", "ten", "<b>"] {
        let html = device.wrong(&target, "", &[("answer~kept", ""), ("answer", bad), ("go", "next")]);
        assert!(html.contains("Choose one of the answers") && html.contains("<title>Error: "), "{bad}");
    }
    let long = "a".repeat(5_000);
    let html = device.wrong(&target, "", &[("answer", "7"), ("why", &long), ("go", "next")]);
    assert!(html.contains("That is more than fits here") && html.contains(&long));
    // Who speaks for them is asked where somebody is to.
    let onward = device.answer("How I want to take part", "next", &[("answer", "someone_speaks_for_me")]);
    assert!(device.page(&onward).contains("Who should speak for me"), "{onward}");
}

#[test]
fn nothing_but_the_childs_own_pages_is_shown_or_done_until_the_pin_is_entered() {
    let (device, pep) = wren(Role::SocialWorker);
    let other = device.plan(device.child("Idris Fennimoor"), "sections");
    device.write(&pep, "care.story", "Canary-story");
    device.write(&other, "care.story", "Canary-other");
    let key = fresh().to_string();
    let remark = Edit::Comment { key, question: "voice.priBest".into(), text: "Canary-remark".into() };
    assert!(device.edit(&pep, remark));
    let known: Vec<String> = device.every_page().into_keys().filter(|page| page.len() < 200).collect();
    assert!(known.len() > 60);
    device.has_pin().give(&pep);
    for target in known.iter().map(String::as_str).chain([
        "/live",
        "/enter",
        "/x/y",
        "/pep",
        "/views/99",
        "/views/1/2",
        "/views/x",
    ]) {
        for form in [None, Some("go=plan"), Some("pin=8305")] {
            assert_eq!(device.led(target, form).as_deref(), Some("/views"), "{target}");
        }
    }
    // Nothing was done by any of them.
    assert!(!device.page("/views/check").contains("Canary"));
    let own = ["/views", "/views/check", "/views/thanks", "/views/leave"].map(str::to_owned);
    let own: Vec<String> = own.into_iter().chain((1..15).map(|n| format!("/views/{n}"))).collect();
    for target in own.iter().take_while(|target| device.led(target, None).is_none()) {
        let html = device.page(target);
        for word in ["Canary", "Idris", "govuk-service-navigation", "govuk-footer", "pep-sync", "/pep/", "/children"] {
            assert!(!html.contains(word), "{target} holds {word}");
        }
        assert!(
            links(&html).iter().all(|to| to.starts_with("/views") || to.starts_with("/assets/") || to.starts_with('#'))
        );
        assert_eq!(html.matches("<h1").count(), 1, "{target}");
    }
    // The mode is a fact: another start of the pages knows it.
    let child_mode = device.with(|device| ChildMode::of(device).unwrap());
    assert_eq!(child_mode, Some(ChildMode { pep: pep.id() }));
    assert_eq!(device.led("/", None).as_deref(), Some("/views"));
    // So does one that cannot read what the fact says.
    device.with(|device| device.keep("given", Some(&"what is this")).unwrap());
    assert_eq!(device.led("/", None).as_deref(), Some("/views"));
    assert!(device.page("/views").contains("Give this back to the grown-up"));
    assert!(device.page("/views/leave").contains("name=\"pin\""));
}

#[test]
fn the_pin_ends_it_and_wrong_ones_do_not() {
    let (device, pep) = wren(Role::DesignatedTeacher);
    let stamp = device.stamp(&section(&pep, "voice.priBest"));
    assert!(device.wrong(&at(&pep, "/views/give"), &stamp, &[]).contains("Set a PIN first"));
    device.has_pin().give(&pep);
    for wrong in ["", "0001"] {
        let html = device.wrong("/views/leave", "", &[("pin", wrong)]);
        assert!(errors(&html) == ["That is not the PIN"], "{wrong}");
    }
    assert_eq!(device.led("/", None).as_deref(), Some("/views"));
    assert_eq!(device.led("/views/leave", Some("pin=+8305+")), Some(at(&pep, "/views")));
    assert!(device.page("/").contains("Your tasks"));
    assert_eq!(device.led("/views/3", None).as_deref(), Some("/"));
    // A form that comes too late is not lost unsaid.
    let (status, html) = match device.ask("/views/3", Some("answer=late")) {
        Sent::Page { status, html } => (status, html),
        _ => panic!("it leads elsewhere"),
    };
    assert!(status == 403 && html.contains("was not kept"));
}

#[test]
fn a_child_may_say_that_they_do_not_want_to_answer_and_change_their_mind() {
    let (device, pep) = wren(Role::DesignatedTeacher);
    device.has_pin().give(&pep);
    assert_eq!(device.led("/views", Some("go=decline")).as_deref(), Some("/views/thanks"));
    assert!(matches!(device.view(&pep).answers["voice.declined"], Answer::Value(Value::YesNo(true))));
    device.answer("The best thing at school is", "next", &[("answer", "OK then: art")]);
    assert!(matches!(device.view(&pep).answers["voice.declined"], Answer::Missing));
}

#[test]
fn what_adults_said_of_how_the_views_were_gathered_stays_beside_it() {
    let (device, pep) = wren(Role::DesignatedTeacher);
    device.set(&pep, "voice.recordedBy", "Odette Plume");
    device.set(&pep, "voice.method", "told_someone");
    device.has_pin().give(&pep);
    for words in ["art", "art and maths"] {
        device.answer("The best thing at school is", "next", &[("answer", words)]);
    }
    let view = device.view(&pep);
    let by = "Odette Plume; Wren Tapplestone, on the device of Ottoline Greaves-Penn";
    assert!(matches!(&view.answers["voice.recordedBy"], Answer::Value(Value::Text(said)) if said == by));
    assert!(matches!(&view.answers["voice.method"], Answer::Set(words) if words.len() == 2));
    device.led("/views/leave", Some("pin=8305"));
    let page = device.page(&at(&pep, "/views"));
    assert!(page.contains("art and maths") && page.contains("I told someone") && page.contains(by), "{page}");
}

#[test]
fn a_young_person_on_their_own_device_answers_in_the_same_pages_and_leaves_without_a_pin() {
    let device = Device::of(Role::YoungPerson);
    let pep = device.plan(device.child("Idris Fennimoor"), "web");
    let (of, value) = (pep.clone(), plan::parse_value("child.dob", "2010-11-02").unwrap());
    let born = Edit::Choose { question: "child.dob".into(), value };
    let main = DocumentKind::Main;
    device.with(move |device| device.edit(&of, main, Role::SocialWorker, &[born], 1_772_114_700).unwrap().unwrap());
    assert!(device.page(&at(&pep, "/views")).contains("Answer one question at a time"));
    device.give(&pep);
    assert!(!device.page("/views").contains("on the device of") && !device.page("/views").contains("give this back"));
    device.answer("What is going well", "next", &[("answer", "maths and food")]);
    assert!(
        matches!(&device.view(&pep).answers["voice.recordedBy"], Answer::Value(Value::Text(by)) if by == "Ottoline Greaves-Penn")
    );
    assert!(!device.page("/views/leave").contains("name=\"pin\""));
    assert_eq!(device.led("/views/leave", Some("")), Some(at(&pep, "/views")));
}

#[test]
fn who_may_not_write_the_childs_answers_has_no_such_pages_and_is_told_who_has() {
    let device = Device::of(Role::SocialWorker);
    let pep = device.plan(device.child("Wren Tapplestone"), "portal");
    device.edit(
        &pep,
        Edit::Choose { question: "child.dob".into(), value: plan::parse_value("child.dob", "2016-03-14").unwrap() },
    );
    let page = device.has_pin().page(&at(&pep, "/views"));
    assert!(page.contains("The designated teacher can give their device to the child"), "{page}");
    let stamp = device.stamp(&section(&pep, "voice.method"));
    assert!(device.wrong(&at(&pep, "/views/give"), &stamp, &[]).contains("The designated teacher can give"));
    // Of a small child adults write down what they see.
    let (device, pep) = wren(Role::DesignatedTeacher);
    device.grows(&pep, "Nursery");
    assert!(device.page(&at(&pep, "/views")).contains("adults who know them well"));
    assert!(device.page(&at(&pep, "/views/give")).contains("1 question,"));
    device.has_pin().give(&pep);
    assert!(device.page("/views/1").contains("My picture or photo") && device.led("/views/2", None).is_some());
}

/// A picture of one point that says where it was taken.
pub fn photo(size: u32) -> String {
    let chunk = |kind: &[u8], inside: &[u8]| {
        [&u32::try_from(inside.len()).unwrap().to_be_bytes()[..], kind, inside, b"crc!"].concat()
    };
    let points = vec![7; usize::try_from(size).unwrap()];
    let parts = [chunk(b"eXIf", b"Canary 51.5 N"), chunk(b"IDAT", &points), chunk(b"IEND", b"")].concat();
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [&b"\x89PNG\r\n\x1a\n"[..], &parts].concat())
}

#[test]
fn a_picture_is_kept_without_where_it_was_taken_and_shown_to_who_may_read_it() {
    let (device, pep) = wren(Role::DesignatedTeacher);
    assert_eq!(device.get(&at(&pep, "/views/picture")).0, 404);
    device.has_pin().give(&pep);
    let target = device.number("My picture or photo");
    let send = |fields: &[(&str, &str)]| device.ask(&target, Some(&form("", fields)));
    // Too large, and none at all: in words, and what was written stays in the form.
    for (file, words) in [
        (photo(46_000), "That picture is too big. It can be 45 kB at most"),
        ("PHN2Zz4=".into(), "That is not a picture"),
    ] {
        let Sent::Page { html, .. } = send(&[("file", &file), ("why", "me and Biscuit"), ("go", "next")]) else {
            panic!("taken")
        };
        assert!(errors(&html)[0].starts_with(words) && html.contains("me and Biscuit"));
    }
    assert!(matches!(send(&[("file", &photo(900)), ("why", "me & Biscuit \"the dog\""), ("go", "next")]), Sent::Go(_)));
    let stands = |device: &Device| match device.ask("/views/picture", None) {
        Sent::Picture(picture) => picture.bytes(),
        _ => panic!("no picture"),
    };
    assert!(!stands(&device).windows(6).any(|bytes| bytes == b"Canary"));
    // What the script made of a drawing takes its place, and how it came is said.
    let drawn = format!("data:image/png;base64,{}", photo(10));
    send(&[("picture", &drawn), ("made", "drawing"), ("why~kept", "me"), ("why", "me"), ("go", "stay")]);
    assert!(stands(&device).len() < 60);
    assert!(
        matches!(&device.view(&pep).answers["voice.method"], Answer::Set(words) if words.contains("drawing") && words.contains("photos"))
    );
    assert!(device.page("/views/check").contains("alt=\"me &amp; Biscuit &quot;the dog&quot;\""));
    device.led("/views/leave", Some("pin=8305"));
    let page = device.page(&at(&pep, "/views"));
    assert!(page.contains("/views/picture\" alt=\"me &amp; Biscuit"), "{page}");
    assert!(matches!(device.ask(&at(&pep, "/views/picture"), None), Sent::Picture(_)));
    // It can be taken away, words and all.
    device.give(&pep);
    send(&[("go", "clear"), ("why", "me")]);
    assert!(matches!(device.view(&pep).answers["voice.picture"], Answer::Missing));
    assert!(!device.page("/views/check").contains("Biscuit"));
}

#[test]
fn the_child_chooses_on_the_page_of_a_private_question_who_sees_it_and_the_adults_page_says_so() {
    let (device, pep) = wren(Role::SocialWorker);
    device.has_pin().give(&pep);
    let private = plan::bank().question("voice.keepPrivate").unwrap();
    let asked = device.number(&private.label);
    // What was typed is kept before the page changes.
    let to = device.answer(&private.label, "readers", &[("answer", "Not Mum. Not yet.")]);
    assert_eq!(to, asked.replace("/views/", "/views/readers?from="));
    let page = device.page(&to);
    for words in ["Who may see your private words?", "Your carer", "The Virtual School", "You choose."] {
        assert!(page.contains(words), "{words}");
    }
    assert!(
        page.contains("value=\"social-worker\" checked") && page.contains("value=\"carer\" autocomplete"),
        "{page}"
    );
    let from = hidden(&page, "from");
    // Nobody at all is not a choice, and what was ticked is as it was sent.
    let Sent::Page { html, .. } = device.ask("/views/readers", Some(&form("", &[("from", &from)]))) else {
        panic!("taken")
    };
    assert!(html.contains("Choose at least one grown-up") && !html.contains(" checked"), "{html}");
    // A role that is not offered is nobody's choice.
    let Sent::Page { .. } = device.ask("/views/readers", Some(&form("", &[("reader", "professional")]))) else {
        panic!("taken")
    };
    let chosen = form("", &[("reader", "social-worker"), ("reader", "designated-teacher"), ("from", &from)]);
    assert_eq!(device.led("/views/readers", Some(&chosen)).unwrap(), asked);
    let readers = device.page(&asked);
    let who = readers.split("Who will see this").nth(1).unwrap();
    assert!(who.contains("social worker") && !who.contains("carer") && !who.contains("the Virtual School"), "{who}");
    // No other question offers it.
    let other = device.page(&device.number("The best thing at school is"));
    assert!(!other.contains("Choose who sees this"));

    device.led("/views/leave", Some(&form("", &[("pin", PIN)]))).unwrap();
    let views = device.page(&at(&pep, "/views"));
    assert!(
        views.contains("the social worker, the designated teacher") && views.contains("does not know this choice yet"),
        "{views}"
    );
    let target = at(&pep, "/views/readers");
    assert!(device.page(&target).contains("value=\"social-worker\" checked"));
    let html = device.wrong(&target, &device.stamp(&target), &[]);
    assert_eq!(errors(&html).len(), 1, "{html}");
    device.send(&target, &device.stamp(&target), &[("reader", "social-worker"), ("reader", "carer")]);
    assert!(device.page(&at(&pep, "/views")).contains("the social worker, the carer"));
}

#[test]
fn whoever_does_not_see_the_private_words_is_not_told_who_does() {
    let device = Device::of(Role::Professional);
    let pep = device.plan(device.child("Wren Tapplestone"), "sections");
    assert_eq!(device.get(&at(&pep, "/views/readers")).0, 404);
    assert!(!device.page(&at(&pep, "/views")).contains("Private words"));
}
