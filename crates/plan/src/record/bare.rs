//! A picture without what cameras and programs write beside it: where it was taken, when, with what, and by whom.

/// The same picture with nothing in it but the picture. `None` where the file is not whole, or not what it begins as.
pub(crate) fn bare(media_type: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    match media_type {
        "image/jpeg" => jpeg(bytes),
        "image/png" => png(bytes),
        "image/webp" => webp(bytes),
        _ => None,
    }
}

/// Segments are kept by what they are for; whatever follows the end of the picture goes, for phones put further pictures there.
fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    const START_OF_SCAN: u8 = 0xDA;
    const END: u8 = 0xD9;
    let mut out = vec![0xFF, 0xD8];
    let mut rest = bytes.strip_prefix(&[0xFF, 0xD8])?;
    loop {
        let [0xFF, marker, after @ ..] = rest else { return None };
        let marker = *marker;
        match marker {
            // Filling.
            0xFF => {
                rest = rest.get(1..)?;
                continue;
            }
            END => {
                out.extend([0xFF, END]);
                return Some(out);
            }
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes([*after.first()?, *after.get(1)?]));
        let segment = after.get(..length).filter(|_| length >= 2)?;
        rest = after.get(length..)?;
        // APP0 says how dense the points are, APP14 how the colours are written; APP1 to APP13, APP15 and comments say the rest.
        let needed = match marker {
            0xE0 => segment.get(2..7) == Some(b"JFIF\0"),
            0xEE => segment.get(2..7) == Some(b"Adobe"),
            0xE1..=0xED | 0xEF | 0xFE => false,
            _ => true,
        };
        if needed {
            out.extend([0xFF, marker]);
            out.extend(segment);
        }
        if marker == START_OF_SCAN {
            // The points themselves, up to the next marker that is none of theirs.
            let ends =
                rest.windows(2).position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xD0..=0xD7 | 0xFF))?;
            out.extend(rest.get(..ends)?);
            rest = rest.get(ends..)?;
        }
    }
}

fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    const KEPT: [&[u8; 4]; 8] = [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB"];
    let (signature, mut rest) = bytes.split_at_checked(8)?;
    let mut out = signature.to_vec();
    loop {
        let length = usize::try_from(u32::from_be_bytes(rest.get(..4)?.try_into().ok()?)).ok()?;
        let kind = rest.get(4..8)?;
        let whole = length.checked_add(12)?;
        let chunk = rest.get(..whole)?;
        if KEPT.iter().any(|kept| kept.as_slice() == kind) {
            out.extend(chunk);
        }
        if kind == b"IEND" {
            return Some(out);
        }
        rest = rest.get(whole..)?;
    }
}

fn webp(bytes: &[u8]) -> Option<Vec<u8>> {
    const KEPT: [&[u8; 4]; 6] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"];
    // Of what VP8X says there is, these go: a colour profile, where and when it was taken, and what programs add.
    const GONE: u8 = 0x20 | 0x08 | 0x04;
    let size = usize::try_from(u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?)).ok()?;
    let mut rest = bytes.get(12..size.checked_add(8)?)?;
    let mut out = bytes.get(..12)?.to_vec();
    while !rest.is_empty() {
        let length = usize::try_from(u32::from_le_bytes(rest.get(4..8)?.try_into().ok()?)).ok()?;
        let whole = length.checked_add(8)?.checked_add(length % 2)?;
        let chunk = rest.get(..whole)?;
        let kind = rest.get(..4)?;
        if KEPT.iter().any(|kept| kept.as_slice() == kind) {
            let from = out.len();
            out.extend(chunk);
            if kind == b"VP8X" {
                *out.get_mut(from + 8)? &= !GONE;
            }
        }
        rest = rest.get(whole..)?;
    }
    let size = u32::try_from(out.len() - 8).ok()?;
    out.get_mut(4..8)?.copy_from_slice(&size.to_le_bytes());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &[u8] = b"Exif\0\0 51.5 N 0.1 W";

    fn holds(bytes: &[u8], what: &[u8]) -> bool {
        bytes.windows(what.len()).any(|window| window == what)
    }

    fn segment(marker: u8, inside: &[u8]) -> Vec<u8> {
        let length = u16::try_from(inside.len() + 2).unwrap().to_be_bytes();
        [&[0xFF, marker], &length[..], inside].concat()
    }

    fn a_jpeg() -> Vec<u8> {
        [
            &[0xFF, 0xD8][..],
            &segment(0xE0, b"JFIF\0\x01\x02"),
            &segment(0xE1, CANARY),
            &segment(0xED, b"Photoshop by Canary"),
            &segment(0xFE, b"Canary"),
            &segment(0xDB, b"tables"),
            &segment(0xDA, b"scan"),
            b"points\xFF\x00more\xFF\xD3points",
            // A progressive picture has tables and scans in between.
            &segment(0xC4, b"huffman"),
            &segment(0xDA, b"scan2"),
            b"points2",
            &[0xFF, 0xD9],
            CANARY,
        ]
        .concat()
    }

    fn chunk(kind: &[u8; 4], inside: &[u8]) -> Vec<u8> {
        let length = u32::try_from(inside.len()).unwrap();
        [&length.to_be_bytes()[..], kind, inside, b"crc!"].concat()
    }

    fn a_png() -> Vec<u8> {
        let signature = b"\x89PNG\r\n\x1a\n".to_vec();
        [
            signature,
            chunk(b"IHDR", b"size"),
            chunk(b"eXIf", CANARY),
            chunk(b"tEXt", b"Canary"),
            chunk(b"IDAT", b"points"),
            chunk(b"IEND", b""),
            CANARY.to_vec(),
        ]
        .concat()
    }

    fn a_webp() -> Vec<u8> {
        let part = |kind: &[u8; 4], inside: &[u8]| {
            let length = u32::try_from(inside.len()).unwrap().to_le_bytes();
            let pad = vec![0; inside.len() % 2];
            [kind.as_slice(), &length, inside, &pad].concat()
        };
        let body = [
            b"WEBP".to_vec(),
            part(b"VP8X", b"\x3cflags"),
            part(b"VP8 ", b"odd"),
            part(b"EXIF", CANARY),
            part(b"XMP ", b"Canary"),
        ]
        .concat();
        [b"RIFF".as_slice(), &u32::try_from(body.len()).unwrap().to_le_bytes(), &body].concat()
    }

    #[test]
    fn where_and_when_a_picture_was_taken_goes_and_the_picture_stays() {
        for (kind, file, stays) in [
            (
                "image/jpeg",
                a_jpeg(),
                &[&b"JFIF"[..], b"tables", b"points\xFF\x00more\xFF\xD3points", b"huffman", b"points2"][..],
            ),
            ("image/png", a_png(), &[b"IHDR", b"IDAT", b"points", b"IEND"]),
            ("image/webp", a_webp(), &[b"VP8X\x06\0\0\0\x10", b"VP8 \x03\0\0\0odd\0"]),
        ] {
            let bare = bare(kind, &file).unwrap();
            assert!(holds(&file, b"Exif") && !holds(&bare, b"Exif") && !holds(&bare, b"Canary"), "{kind}");
            assert!(stays.iter().all(|part| holds(&bare, part)), "{kind}");
            assert_eq!(super::bare(kind, &bare).as_deref(), Some(bare.as_slice()), "{kind}: once is enough");
        }
    }

    #[test]
    fn a_file_that_is_cut_off_anywhere_is_refused_and_never_a_panic() {
        for (kind, file, whole) in [
            ("image/jpeg", a_jpeg(), a_jpeg().len() - CANARY.len()),
            ("image/png", a_png(), a_png().len() - CANARY.len()),
            ("image/webp", a_webp(), a_webp().len()),
        ] {
            for cut in 0..file.len() {
                assert_eq!(bare(kind, &file[..cut]).is_some(), cut >= whole, "{kind} cut at {cut}");
            }
            for at in 0..file.len() {
                for byte in [0, 0xFF, 0x7F] {
                    let mut other = file.clone();
                    other[at] = byte;
                    let _ = bare(kind, &other);
                }
            }
        }
    }
}
