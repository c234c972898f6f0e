//! A picture as an answer: small enough to live in the plan itself, and nothing but a picture.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::bare::bare;
use crate::value::withhold;

/// Largest picture, in bytes. It stands in the document as one string of base64, which the gate takes up to 64 KiB of, and every
/// device that reads it holds it for as long as the plan is kept: enough for a drawing of 800 by 600 points.
pub const PICTURE_BYTES_MAX: usize = 45_000;

/// A JPEG, PNG or WebP file of at most [`PICTURE_BYTES_MAX`] bytes. There is no other way to make one than through these checks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Picture {
    base64: String,
    media_type: &'static str,
}

withhold!(Picture);

/// Why a file is no picture that a plan holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAPicture {
    /// Over [`PICTURE_BYTES_MAX`].
    #[error("That picture has {} kB, and a plan holds pictures of at most {} kB. Make it smaller and add it again.", kilobytes(*bytes), kilobytes(PICTURE_BYTES_MAX))]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// Something else.
    #[error("That is no picture this program knows: JPEG, PNG or WebP. Save it as one of these and add it again.")]
    Unknown,
}

impl Picture {
    /// From the bytes of a file.
    pub fn new(bytes: &[u8]) -> Result<Picture, NotAPicture> {
        if bytes.len() > PICTURE_BYTES_MAX {
            return Err(NotAPicture::TooLarge { bytes: bytes.len() });
        }
        let media_type = media_type(bytes).ok_or(NotAPicture::Unknown)?;
        Ok(Picture { base64: STANDARD.encode(bytes), media_type })
    }

    /// From a file as a camera or a program made it: what it says beside the picture, such as where it was taken, is left out.
    pub fn of_file(bytes: &[u8]) -> Result<Picture, NotAPicture> {
        let media_type = media_type(bytes).ok_or(NotAPicture::Unknown)?;
        Picture::new(&bare(media_type, bytes).ok_or(NotAPicture::Unknown)?)
    }

    /// From base64, or from a data URL as a browser makes one (`data:image/png;base64,…`). What the URL says of itself is not
    /// believed: the bytes say what they are.
    pub fn from_base64(text: &str) -> Result<Picture, NotAPicture> {
        let text = text.strip_prefix("data:").and_then(|url| Some(url.split_once(";base64,")?.1)).unwrap_or(text);
        // Four characters are three bytes: what is too long is not worked through.
        if text.len() / 4 > PICTURE_BYTES_MAX / 3 {
            return Err(NotAPicture::TooLarge { bytes: text.len() / 4 * 3 });
        }
        Picture::new(&STANDARD.decode(text).map_err(|_| NotAPicture::Unknown)?)
    }

    /// `image/jpeg`, `image/png` or `image/webp`.
    pub fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        STANDARD.decode(&self.base64).unwrap_or_default()
    }

    /// The file in base64, as the document keeps it.
    pub fn base64(&self) -> &str {
        &self.base64
    }

    /// As `--json` and answers as a file have it: `{"mediaType", "bytes", "base64"}`, `bytes` the size of the file.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "mediaType": self.media_type, "bytes": self.size(), "base64": self.base64 })
    }

    /// From what `to_json` writes.
    pub(crate) fn read_json(json: &serde_json::Value) -> Option<Picture> {
        Picture::from_base64(json.get("base64")?.as_str()?).ok()
    }

    /// Bytes of the file.
    fn size(&self) -> usize {
        let padding = self.base64.bytes().rev().take_while(|byte| *byte == b'=').count();
        self.base64.len() / 4 * 3 - padding
    }
}

/// `a picture, 31 kB`.
impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a picture, {} kB", kilobytes(self.size()))
    }
}

/// What a picture is, by the bytes it begins with.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some("image/png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// Rounded up: no picture has none.
fn kilobytes(bytes: usize) -> usize {
    bytes.div_ceil(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(size: usize) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        file.resize(size, 7);
        file
    }

    #[test]
    fn what_a_picture_is_follows_from_its_bytes_alone() {
        let of = |bytes: &[u8]| Picture::new(bytes).map(|picture| picture.media_type());
        assert_eq!(of(&png(100)), Ok("image/png"));
        assert_eq!(of(b"\xff\xd8\xff\xe0\0\x10JFIF"), Ok("image/jpeg"));
        assert_eq!(of(b"RIFF\x10\0\0\0WEBPVP8 "), Ok("image/webp"));
        for other in
            [&b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>"[..], b"GIF89a", b"RIFF\x10\0\0\0WAVE", b""]
        {
            assert_eq!(of(other), Err(NotAPicture::Unknown));
        }
        let lies = format!("data:image/png;base64,{}", STANDARD.encode("<svg/>"));
        assert!(Picture::from_base64(&lies) == Err(NotAPicture::Unknown));
        assert!(Picture::from_base64("not base64 at all") == Err(NotAPicture::Unknown));
    }

    #[test]
    fn a_picture_over_the_limit_is_refused_with_its_size_and_one_at_the_limit_fits_the_gate() {
        let most = Picture::new(&png(PICTURE_BYTES_MAX)).unwrap();
        assert_eq!(most.to_string(), "a picture, 45 kB");
        assert!(most.base64().len() < 64 * 1024);
        let refused = Picture::new(&png(PICTURE_BYTES_MAX + 1)).unwrap_err();
        assert_eq!(refused, NotAPicture::TooLarge { bytes: PICTURE_BYTES_MAX + 1 });
        assert!(refused.to_string().starts_with("That picture has 46 kB"), "{refused}");
        let long = STANDARD.encode(png(PICTURE_BYTES_MAX + 3));
        assert!(matches!(Picture::from_base64(&long), Err(NotAPicture::TooLarge { .. })));
    }

    #[test]
    fn a_picture_comes_back_from_every_form_it_is_kept_in() {
        for size in [8, 9, 10, 1000] {
            let picture = Picture::new(&png(size)).unwrap();
            assert_eq!((picture.bytes(), picture.size()), (png(size), size));
            let url = format!("data:{};base64,{}", picture.media_type(), picture.base64());
            assert!(
                Picture::from_base64(&url) == Ok(picture.clone())
                    && Picture::from_base64(picture.base64()) == Ok(picture.clone())
            );
            assert!(Picture::read_json(&picture.to_json()) == Some(picture));
        }
    }
}
