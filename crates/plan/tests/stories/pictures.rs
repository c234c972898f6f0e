use plan::{NotAPicture, PICTURE_BYTES_MAX, Picture};

use crate::*;

/// A picture of that many bytes; `shade` tells one from another.
fn drawing(size: usize, shade: u8) -> Value {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.resize(size, shade);
    Value::Picture(Picture::new(&file).unwrap())
}

fn pinned(value: Value) -> Edit {
    Edit::Choose { question: "voice.picture".into(), value }
}

fn idris_annex(number: u8) -> Device {
    Device::holding("Idris", DocumentKind::PrivateVoice, number)
}

fn seen(annex: &Device) -> View {
    let main = Device::of("Idris");
    let documents = Documents { private_voice: Some(&annex.document), ..Documents::main(&main.document) };
    read(documents, &idris(), &authors)
}

#[test]
fn a_picture_is_kept_in_the_plan_itself_and_spoken_of_only_by_its_size() {
    let mut annex = idris_annex(0);
    annex.edit(pinned(drawing(31_000, 7)));
    annex.rewrite("voice.pictureWords", "My old bedroom, with the blue door");
    let view = seen(&annex);
    assert!(view.answers["voice.picture"] == Answer::Value(drawing(31_000, 7)));
    let json = shown(&view, "voice.picture");
    assert_eq!((&json["mediaType"], &json["bytes"]), (&"image/png".into(), &31_000.into()));
    let told = history(&annex.document, &authors, None).into_iter().flat_map(|e| e.deeds);
    let told: Vec<String> = told.map(|deed| deed.sentence).collect();
    assert_eq!(told[0], "added a picture to “My picture or photo”");
    assert!(told.iter().all(|sentence| sentence.len() < 200));
    annex.edit(Edit::Clear { question: "voice.picture".into() });
    assert!(seen(&annex).answers["voice.picture"] == Answer::Missing);
}

#[test]
fn what_is_no_picture_is_refused_in_words_and_shown_as_nothing_where_a_changed_program_wrote_it() {
    let mut annex = idris_annex(0);
    let expected = format!("a JPEG, PNG or WebP picture of at most {} kB", PICTURE_BYTES_MAX / 1000);
    for text in ["C:\\drawing.png", "<svg onload=alert(1)>", "data:image/png;base64,PHN2Zy8+"] {
        let refused = Refused::BadValue { question: "voice.picture".into(), expected: expected.clone() };
        assert_eq!(parse_value("voice.picture", text), Err(refused.clone()));
        assert_eq!(annex.try_edit(&[pinned(Value::Text(text.into()))]), Err(refused));
    }
    let most = vec![0xFF; PICTURE_BYTES_MAX + 1];
    assert_eq!(Picture::new(&most), Err(NotAPicture::TooLarge { bytes: PICTURE_BYTES_MAX + 1 }));
    annex.edit(pinned(drawing(PICTURE_BYTES_MAX, 1)));
    let answers = annex.document.get(ROOT, "answers").unwrap().unwrap().1;
    let mut writing = annex.document.transaction();
    writing.put(&answers, "voice.picture", "PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+").unwrap();
    writing.commit();
    assert!(seen(&annex).answers["voice.picture"] == Answer::Missing, "base64 of no picture is not shown as words");
}

#[test]
fn two_pictures_added_apart_are_both_there_until_somebody_chooses() {
    let (mut tablet, mut phone) = (idris_annex(0), idris_annex(1));
    tablet.edit(pinned(drawing(900, 1)));
    phone.edit(pinned(drawing(900, 2)));
    tablet.receive(&phone);
    let view = seen(&tablet);
    assert_eq!(claimed(&view.answers["voice.picture"]).len(), 2, "two of one size are two");
    tablet.edit(Edit::Resolve { question: "voice.picture".into(), take: drawing(900, 2) });
    assert!(seen(&tablet).answers["voice.picture"] == Answer::Value(drawing(900, 2)));
}

#[test]
fn a_picture_goes_into_a_file_of_answers_and_comes_back_out_of_it() {
    let mut annex = idris_annex(0);
    annex.edit(pinned(drawing(2_000, 3)));
    let file = plan::answers_file(&seen(&annex), &idris(), None, |id| id == "voice.picture");
    let brought = plan::AnswersFile::read(&file).unwrap().bring(&idris(), &annex.writer);
    let edits = brought.of(DocumentKind::PrivateVoice);
    assert!(edits == [pinned(drawing(2_000, 3))] && brought.left_out.is_empty());
}
