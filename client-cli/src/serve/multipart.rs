//! A form that brings a file, as a browser without script sends it (RFC 7578), turned into a form like every other: a file's value
//! is its bytes in base64. The whole of it is in memory already, and bounded.

use base64::{Engine, engine::general_purpose::STANDARD};

/// The media type of such a form.
pub const KIND: &str = "multipart/form-data";
/// Most parts that are read; our forms have a few.
const PARTS_MAX: usize = 20;

/// The form as `a=1&b=2`. `None` of any other kind of body, and of one that is not put together as it should be.
pub fn as_form(kind: &str, body: &[u8]) -> Option<Vec<u8>> {
    let boundary = kind.strip_prefix(KIND)?.split_once("boundary=")?.1;
    let boundary = boundary.split(';').next()?.trim().trim_matches('"');
    // RFC 2046: 1 to 70 characters.
    if !(1..=70).contains(&boundary.len()) {
        return None;
    }
    let line = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(line.get(2..)?.as_bytes())?;
    let mut form = form_urlencoded::Serializer::new(String::new());
    for _ in 0..PARTS_MAX {
        if rest.starts_with(b"--") {
            return Some(form.finish().into_bytes());
        }
        let part = rest.strip_prefix(b"\r\n")?;
        let ends = find(part, line.as_bytes())?;
        let (head, value) = split(part.get(..ends)?)?;
        let head = std::str::from_utf8(head).ok()?;
        let name = parameter(head, "name")?;
        match parameter(head, "filename") {
            Some(_) => form.append_pair(name, &STANDARD.encode(value)),
            None => form.append_pair(name, &String::from_utf8_lossy(value)),
        };
        rest = part.get(ends + line.len()..)?;
    }
    None
}

/// The lines about a part, and the part.
fn split(part: &[u8]) -> Option<(&[u8], &[u8])> {
    let empty = find(part, b"\r\n\r\n")?;
    Some((part.get(..empty)?, part.get(empty + 4..)?))
}

/// `; name="answer"` of the line about where a part belongs. Names of ours hold nothing that a browser would write in another way.
fn parameter<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let about = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition: form-data"))?;
    let (_, after) = about.split_once(&format!("; {name}=\""))?;
    after.split('"').next()
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    // The first byte is looked for alone: comparing whole windows of a large file takes long.
    let first = *what.first()?;
    let mut from = 0;
    loop {
        let at = from + within.get(from..)?.iter().position(|byte| *byte == first)?;
        if within.get(at..)?.starts_with(what) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pages::request::Pairs;

    const SENT: &str = "multipart/form-data; boundary=----WebKitFormBoundaryx1";

    fn body(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (about, value) in parts {
            let head = format!("------WebKitFormBoundaryx1\r\nContent-Disposition: form-data; {about}\r\n\r\n");
            body.extend([head.as_bytes(), value, b"\r\n"].concat());
        }
        [&body[..], b"------WebKitFormBoundaryx1--\r\n"].concat()
    }

    #[test]
    fn words_and_files_of_a_form_come_out_as_they_were_sent() {
        let file = [0xFF, 0xD8, 0, 13, 10, 45, 45, 13, 10, 13, 10, 0xFE];
        let sent = body(&[
            ("name=\"why\"", "a 🎨 &\r\n--b ".as_bytes()),
            ("name=\"file\"; filename=\"my; name=\\\"x\\\".jpg\"\r\nContent-Type: image/jpeg", &file),
            ("name=\"none\"; filename=\"\"", b""),
            ("name=\"go\"", b"next"),
        ]);
        let form = Pairs::read(&as_form(SENT, &sent).unwrap());
        assert_eq!((form.get("why"), form.get("go")), (Some("a 🎨 &\n--b "), Some("next")));
        assert_eq!(form.get("file").map(|text| STANDARD.decode(text).unwrap()), Some(file.to_vec()));
        assert_eq!(form.get("none"), Some(""));
        assert!(as_form("application/x-www-form-urlencoded", &sent).is_none() && as_form("", &sent).is_none());
    }

    #[test]
    fn a_form_that_is_not_whole_is_none_and_never_a_panic() {
        let sent = body(&[("name=\"a\"", b"1"), ("name=\"b\"; filename=\"f\"", b"\r\n--\r\n")]);
        for cut in 0..sent.len() - 4 {
            assert!(as_form(SENT, &sent[..cut]).is_none(), "{cut}");
        }
        let many: Vec<(&str, &[u8])> = vec![("name=\"a\"", b"1"); PARTS_MAX];
        assert!(as_form(SENT, &body(&many)).is_none());
        for kind in ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\""] {
            assert!(as_form(kind, &sent).is_none(), "{kind}");
        }
    }
}
