//! A device that a passphrase guards is left alone: its pages lock, and nothing that was being written is lost.

use replica::Secret;

use super::*;
use crate::clock;
use pages::address::UNLOCK;
use participant::idle::{IDLE_MINUTES, Idle};

const RIGHT: &str = "copper kettle Thursday";
const QUESTION: &str = "progress.goingWell";

fn ottoline() -> (Device, Pep) {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    device.app.set_passphrase(Some(&Secret::new(RIGHT.into())), false).unwrap();
    (device, pep)
}

impl Device {
    /// Nobody asks for anything for so many minutes.
    fn is_left_alone(&self, minutes: u16) {
        let mut idle = self.app.idle();
        let now = clock::now().ms + u64::from(minutes) * 60_000;
        assert_eq!(idle.came(now), !idle.is_locked(now));
    }

    /// The page that asks for the passphrase, which is all that is to be had.
    fn asked(&self, target: &str, form: Option<&str>) -> String {
        let Sent::Page { status, html } = self.ask(target, form) else { panic!("{target} was answered") };
        assert_eq!(status, 403, "{target}");
        assert!(html.contains("<h1 class=\"govuk-heading-l\">These pages are locked</h1>"), "{target}");
        // Nothing on it is anybody's, but what was sent with it.
        assert!(!html.contains("Ottoline") && !html.contains("Idris") && !html.contains("Harrowmere"), "{target}");
        html
    }

    /// Enters a passphrase in such a page.
    fn enter(&self, html: &str, passphrase: &str) -> Sent {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for field in html.split("<input type=\"hidden\" name=\"").skip(1) {
            let (name, rest) = field.split_once("\" value=\"").unwrap();
            let value = rest.split('"').next().unwrap();
            form.append_pair(
                name,
                &value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"),
            );
        }
        form.append_pair("passphrase", passphrase);
        self.ask(UNLOCK, Some(&form.finish()))
    }
}

#[test]
fn ottoline_leaves_the_room_and_no_page_says_anything_until_her_passphrase_is_entered() {
    let (device, pep) = ottoline();
    device.is_left_alone(IDLE_MINUTES - 1);
    let pages = device.every_page();
    device.is_left_alone(IDLE_MINUTES);
    for target in pages.keys().map(String::as_str).chain(["/nowhere", "/enter", &at(&pep, "/print/file")]) {
        device.asked(target, None);
        device.asked(target, Some("go=here"));
    }
    let pages = device.pages();
    for ask in [Ask::Nowhere, Ask::TooLarge] {
        let answer = device.host.answer(&device.app, &ask).unwrap();
        assert!(matches!(answer, Sent::Page { status: 403, .. }));
    }
    let section = section(&pep, QUESTION);
    let request = Request::new(device.host.base(), false, &section, b"").unwrap();
    assert!(pages.turn(move |turn| ::pages::routes::regions(turn, &request)).is_empty());
    // Where she was is where she comes back to.
    let html = device.asked(&format!("{section}?saved=1"), None);
    assert!(!html.contains("has not been saved yet"));
    let Sent::Page { html: again, status: 403 } = device.enter(&html, "") else { panic!("it was taken") };
    assert_eq!(errors(&again), ["Enter your passphrase"]);
    let Sent::Page { html: again, status: 403 } = device.enter(&again, "copper kettle Friday") else {
        panic!("opened")
    };
    assert_eq!(errors(&again), ["That is not your passphrase"]);
    assert!(again.contains("<title>Error: ") && again.contains("href=\"#passphrase\"") && !again.contains("Friday"));
    assert!(matches!(device.enter(&again, RIGHT), Sent::Go(to) if to == format!("{section}?saved=1")));
    device.page(&section);
    // Where there is nothing to unlock, the page leads on.
    assert!(matches!(device.ask(UNLOCK, None), Sent::Go(to) if to == "/"));
}

#[test]
fn wrong_passphrases_cost_time_which_the_disk_remembers_and_the_page_says_how_much() {
    let (device, _) = ottoline();
    device.send("/lock", "", &[]);
    let html = device.asked("/", None);
    let try_one = |passphrase| match device.enter(&html, passphrase) {
        Sent::Page { html, .. } => errors(&html).remove(0),
        _ => panic!("opened"),
    };
    // However slow this computer is, some wait is longer than a try.
    let words = (0..10).map(|_| try_one("copper kettle Friday")).find(|words| words.contains("Try again in"));
    assert!(words.unwrap().starts_with("The passphrase was wrong too often. Try again in "));
    assert!(device.app.home().join("unlock.tries").exists());
    let again = try_one(RIGHT);
    assert!(again.starts_with("The passphrase was wrong too often. Try again in "), "{again}");
    device.asked("/", None);
}

#[test]
fn a_form_that_comes_too_late_waits_in_the_page_and_is_saved_when_the_passphrase_is_right() {
    let (device, pep) = ottoline();
    let section = section(&pep, QUESTION);
    let stamp = device.stamp(&section);
    device.is_left_alone(IDLE_MINUTES);
    let typed = "Maths, \"fractions\" & <b>maps</b>\nand cooking.";
    let html = device.asked(&section, Some(&form(&stamp, &[(QUESTION, typed), ("go", "here")])));
    assert!(html.contains("has not been saved yet") && device.text(&pep, QUESTION).is_empty());
    let Sent::Page { html, .. } = device.enter(&html, "copper kettle Friday") else { panic!("opened") };
    assert!(matches!(device.enter(&html, RIGHT), Sent::Go(to) if to == format!("{section}?saved=1")));
    assert_eq!(device.text(&pep, QUESTION), typed);
    // A PIN does not wait in a page.
    device.send("/lock", "", &[]);
    let html = device.asked("/settings/pin", Some("pin=8305&again=8305"));
    assert!(!html.contains("8305") && !html.contains("has not been saved yet"));
    assert!(matches!(device.enter(&html, RIGHT), Sent::Go(to) if to == "/settings/pin"));
    // One that asks for a page like this one leads to the tasks, and not round in a ring.
    device.send("/lock", "", &[]);
    let html = device.asked("/", None).replace("name=\"to\" value=\"/\"", "name=\"to\" value=\"/unlock\"");
    assert!(matches!(device.enter(&html, RIGHT), Sent::Go(to) if to == "/"));
}

#[test]
fn what_was_typed_live_is_on_the_disk_when_the_pages_lock_and_only_a_person_keeps_them_open() {
    let (device, pep) = ottoline();
    let pages = device.pages();
    let mut tab = Tab::new(1);
    let mut say = |words: serde_json::Value, now| pages.on(&mut tab, Event::Message(words.to_string()), now).unwrap();
    let page = section(&pep, QUESTION);
    let hello = serde_json::json!({ "t": "hello", "tab": Uuid::new_v4(), "page": page, "fields": { QUESTION: 0 }, "here": true });
    let init = say(hello, 1_000).into_iter().find(|said| said.contains("\"init\"")).unwrap();
    let init: serde_json::Value = serde_json::from_str(&init).unwrap();
    let (n, seen) = (init["n"].as_u64().unwrap() + 1, &init["s"]);
    let edit = serde_json::json!({ "t": "edit", "f": QUESTION, "n": n, "s": seen, "d": [[0, 0, "Maps"]], "g": true });
    // Whoever types is there; what the page says by itself shows nobody.
    for (said, keeps_open) in [
        (serde_json::json!({ "t": "here", "v": true }), false),
        (serde_json::json!({ "t": "seen", "f": QUESTION, "s": seen }), false),
        (edit, true),
    ] {
        *device.app.idle() = Idle::new(true, IDLE_MINUTES, clock::now().ms - 14 * 60_000);
        say(said, 1_001);
        assert_eq!(!device.app.idle().is_locked(clock::now().ms + 60_000), keeps_open);
    }
    device.app.lock();
    pages.on(&mut tab, Event::End, 1_004).unwrap();
    assert_eq!(device.text(&pep, QUESTION), "Maps");
}

#[test]
fn a_device_that_a_child_has_locks_too_and_the_child_s_answer_waits() {
    let (device, pep) = ottoline();
    device.set(&pep, "setting.yearGroup", "5");
    let pin = participant::settings::Pin::new("8305", [3; 16]).unwrap();
    device.app.with(move |device| pin.keep(device).unwrap()).unwrap();
    let stamp = device.stamp(&at(&pep, "/views/give"));
    assert!(matches!(device.ask(&at(&pep, "/views/give"), Some(&form(&stamp, &[]))), Sent::Given));
    device.is_left_alone(IDLE_MINUTES);
    let html = device.asked("/views/1", Some("answer=Football&go=next"));
    assert!(html.contains("Ask the adult you are with"));
    assert!(matches!(device.enter(&html, RIGHT), Sent::Go(_) | Sent::Page { status: 200, .. }));
    // It is the child's still.
    assert!(matches!(device.ask("/", None), Sent::Go(to) if to == "/views"));
}

#[test]
fn the_time_is_chosen_on_the_page_of_settings_and_without_a_passphrase_nothing_locks() {
    let (device, _) = ottoline();
    assert!(device.page("/settings").contains("value=\"15\" checked"));
    device.send("/settings", "", &[("lock", "30")]);
    device.is_left_alone(29);
    for unfit in ["0", "100000", "x"] {
        device.send("/settings", "", &[("lock", unfit)]);
        assert!(device.page("/settings").contains("value=\"30\" checked"), "{unfit}");
    }
    device.app.set_passphrase(None, false).unwrap();
    let page = device.page("/settings");
    assert!(page.contains("These pages do not lock") && !page.contains("name=\"lock\""));
    device.send("/lock", "", &[]);
    device.is_left_alone(600);
    device.page("/");
}
