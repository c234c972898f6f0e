//! Styles and the icon, as the build put them into the program. Their addresses hold their fingerprint, so that a browser may
//! keep them for ever.

use crate::address::Base;

/// A file that pages name.
pub struct Asset {
    /// Its name.
    pub name: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// Its fingerprint.
    pub hash: &'static str,
    /// What is in it.
    pub bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The styles of every page, in order.
pub const STYLES: [&str; 3] = [if GOVUK { "govuk.css" } else { "plain.css" }, "pep.css", "copy.css"];
/// Worn where a council has not chosen a colour; also in the build.
pub const NEUTRAL: &str = "#33475b";

/// What the addresses of all of them begin with, within the pages.
pub const FOLDER: &str = "/assets/";

/// The address of an asset; empty for one that is not there.
pub fn address(base: &Base, name: &str) -> String {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    found.map_or_else(String::new, |asset| base.to(&format!("{FOLDER}{}/{}", asset.hash, asset.name)))
}

/// The asset at an address.
pub fn find(hash: &str, name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name && asset.hash == hash)
}

/// The address of the style that holds the council's colour.
pub fn colour_address(base: &Base, colour: &str) -> String {
    base.to(&format!("{FOLDER}{}/colour.css", colour.trim_start_matches('#')))
}

/// The style of a colour, from the piece of its address; `None` where that is none.
pub fn colour_style(digits: &str) -> Option<String> {
    is_colour(&format!("#{digits}")).then(|| format!(":root{{--govuk-brand-colour:#{digits}}}"))
}

/// Whether this is a colour, written as `#33475b`.
pub fn is_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether white words on a colour can be read: a contrast of 4.5 to 1 or more, by WCAG 2.2.
pub fn carries_white(colour: &str) -> bool {
    let mut channels = [0; 3];
    let Some(Ok(())) = colour.get(1..).map(|digits| hex::decode_to_slice(digits, &mut channels)) else { return false };
    let [red, green, blue] = channels;
    let linear = |byte: u8| match f64::from(byte) / 255.0 {
        low if low <= 0.04045 => low / 12.92,
        high => ((high + 0.055) / 1.055).powf(2.4),
    };
    let luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    1.05 / (luminance + 0.05) >= 4.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_govuks_own_is_left_in_the_styles() {
        for asset in ASSETS.iter().filter(|asset| asset.kind.starts_with("text/css")) {
            let css = String::from_utf8_lossy(asset.bytes).to_lowercase();
            for word in ["gds transport", "crown", "crest", "#1d70b8", "@font-face", "url(", "@import"] {
                assert!(!css.contains(word), "{} still holds {word}", asset.name);
            }
        }
    }

    #[test]
    fn a_council_colour_must_carry_white_words() {
        assert!(is_colour(NEUTRAL) && carries_white(NEUTRAL) && carries_white("#00414a"));
        assert!(!carries_white("#ffdd00") && !is_colour("#12345") && !is_colour("red;}") && !carries_white("#é3475b"));
        assert!(!carries_white("#+1+1+1") && !carries_white("#0041"));
        assert_eq!(colour_style("00414a").as_deref(), Some(":root{--govuk-brand-colour:#00414a}"));
        assert_eq!(colour_style("}body{"), None);
    }
}
