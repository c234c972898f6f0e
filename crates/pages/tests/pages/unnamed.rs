//! A signature of somebody whom the list of people lacks: on every page that lists signatures, with what to do.

use crate::{prelude::*, team::CARYS};

#[test]
fn a_signature_of_somebody_unnamed_is_on_every_page_that_lists_signatures() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    device.hears_of_the_team(&pep, &[CARYS]);
    device.hears(CARYS.signs(&pep, "I have read it."));
    let says = |page: &str, wanted: &[&str]| {
        let html = device.page(&at(&pep, page));
        for words in wanted {
            assert!(html.contains(words), "{page} lacks {words:?}");
        }
        html
    };
    assert!(says("/sign-off", &["Carys Wexcombe, carer", "Stands"]).contains("I have read it."));
    says("/history", &["Carys Wexcombe, "]);
    assert!(!says("/checks", &[]).contains("cannot name"));

    device.hears_of_the_team(&pep, &[]);
    let what_to_do = format!("It does not count here. <a class=\"govuk-link\" href=\"{}\">", at(&pep, "/checks"));
    let html = says("/sign-off", &["Somebody this device cannot name, carer", "I have read it.", &what_to_do]);
    assert!(!html.contains("Nobody has signed yet") && !html.contains("Carys"));
    says("/history", &["Somebody this device cannot name, ", "It does not count here"]);
    says(
        "/print/copy?reader=me&part=A/meta",
        &["somebody this device cannot name, 25 February 2026 (does not count): “"],
    );
    says(
        "/checks",
        &[
            "Signed on 25 February 2026 by somebody this device cannot name",
            "Somebody this device cannot name has made 1 change in this plan",
        ],
    );
}
