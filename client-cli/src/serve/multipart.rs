//! A form that brings a file, as a browser without script sends it (RFC 7578), turned into a form like every other: a file's value
//! is its bytes in base64. The whole of it is in memory already, and bounded.

use std::convert::Infallible;

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::stream;
use hyper::body::Bytes;
use multer::Multipart;

/// The media type of such a form.
pub const KIND: &str = "multipart/form-data";
/// Most parts that are read; our forms have a few.
const PARTS_MAX: usize = 20;

/// The form as `a=1&b=2`. `None` of any other kind of body, and of one that is not put together as it should be.
pub async fn as_form(kind: &str, body: Bytes) -> Option<Vec<u8>> {
    let boundary = multer::parse_boundary(kind).ok()?;
    // RFC 2046: 1 to 70 characters.
    if !(1..=70).contains(&boundary.len()) {
        return None;
    }
    let mut parts = Multipart::new(stream::iter([Ok::<_, Infallible>(body)]), boundary);
    let mut form = Vec::new();
    for _ in 0..PARTS_MAX {
        let Some(part) = parts.next_field().await.ok()? else {
            return Some(form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish().into_bytes());
        };
        let (name, is_file) = (part.name()?.to_owned(), part.file_name().is_some());
        let value = part.bytes().await.ok()?;
        let text = if is_file { STANDARD.encode(value) } else { String::from_utf8_lossy(&value).into_owned() };
        form.push((name, text));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use pages::request::Pairs;

    fn as_form(kind: &str, body: &[u8]) -> Option<Vec<u8>> {
        let form = super::as_form(kind, Bytes::copy_from_slice(body));
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(form)
    }

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
    fn a_part_may_be_written_in_every_way_that_is_allowed() {
        let head = "--x\r\nContent-Type: image/png\r\nCONTENT-DISPOSITION: form-data; filename=\"a \\\"b\\\".png\"; name=file\r\n\r\n";
        let form =
            as_form("multipart/form-data; charset=utf-8; boundary=\"x\"", [head, "1\r\n--x--"].concat().as_bytes());
        assert_eq!(form.as_deref(), Some("file=MQ%3D%3D".as_bytes()));
        let nameless =
            as_form("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--");
        assert!(nameless.is_none());
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
