//! How a person wants the pages of this device, and the PIN.

use crate::prelude::*;

fn pages(device: &Device) -> String {
    device.page("/settings")
}

fn set_pin(device: &Device, fields: &[(&str, &str)]) -> Result<String, Vec<String>> {
    match device.ask("/settings/pin", Some(&form("", fields))) {
        Sent::Go(to) => Ok(to),
        Sent::Page { html, .. } => Err(errors(&html)),
        _ => panic!("leads to no page"),
    }
}

#[test]
fn ottoline_has_larger_text_and_others_changes_wait_on_every_page_of_this_device() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    assert!(!device.page("/").contains("pep-text-large") && !device.page("/").contains("data-pause"));
    let form = [("text", "large"), ("pause", "yes")];
    assert_eq!(device.send("/settings", "", &form), "/settings?done=saved");
    for page in ["/", "/settings", &at(&pep, ""), &section(&pep, "care.story")] {
        let html = device.page(page);
        assert!(html.contains("class=\"govuk-template pep-text-large\""), "{page}");
        assert!(html.contains("data-pause=\"on\""), "{page}");
    }
    // Rubbish in a form is the usual size, and what is not ticked is not chosen.
    device.send("/settings", "", &[("text", "huge\"><b>"), ("announce", "yes")]);
    let html = pages(&device);
    assert!(html.contains("class=\"govuk-template\"") && !html.contains("data-pause"), "{html}");
    // They are the device's: whatever opens the pages next has them.
    device.send("/settings", "", &[("text", "larger")]);
    let again = device.with(|device| participant::settings::Settings::of(device).unwrap());
    assert_eq!((again.text.word(), again.announce, again.pause), ("larger", false, false));
}

#[test]
fn a_pin_is_set_once_and_changed_only_by_who_has_it() {
    let device = Device::of(Role::SocialWorker);
    let twice = |pin| [("pin", pin), ("again", pin)];
    assert_eq!(set_pin(&device, &twice("12")), Err(vec!["The PIN must be 4 to 8 digits".into()]));
    assert_eq!(
        set_pin(&device, &twice("2345")),
        Err(vec!["Choose a PIN that is harder to guess than 1234 or 0000".into()])
    );
    assert_eq!(
        set_pin(&device, &[("pin", "8305"), ("again", "8306")]),
        Err(vec!["Type the same new PIN twice".into()])
    );
    assert_eq!(set_pin(&device, &twice("8305")), Ok("/settings?done=pin".into()));
    let change = |present| set_pin(&device, &[("present", present), ("pin", "4711"), ("again", "4711")]);
    assert!(set_pin(&device, &twice("4711")).is_err());
    assert_eq!(change("0001"), Err(vec!["That is not the PIN".into()]));
    assert_eq!(change("0002"), Err(vec!["That is not the PIN. You can try again in 15 seconds".into()]));
    assert!(device.with(|device| device.kept::<serde_json::Value>("pin/tries").unwrap().unwrap()["wrong"] == 3));
    // After many wrong ones even the right one has to wait; the count outlives the program, for it is a fact.
    let many = serde_json::json!({ "wrong": 9, "last": device.now().unix() });
    device.with(move |device| device.keep("pin/tries", Some(&many)).unwrap());
    assert!(
        change("8305").is_err_and(|words| words[0].starts_with("The PIN was wrong too often. You can try again in"))
    );
    device.with(|device| device.keep::<u8>("pin/tries", None).unwrap());
    assert_eq!(change("8305"), Ok("/settings?done=pin".into()));
    // No page sends back what was typed.
    let html = device.wrong("/settings/pin", "", &[("present", "4711"), ("pin", "99"), ("again", "99")]);
    assert!(!html.contains("4711") && !html.contains("value=\"99\"") && html.contains("Error: Change the PIN"));
}
