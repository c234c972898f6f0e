//! Puts the styles of the pages into the program: GOV.UK Frontend, as `assets/package-lock.json` pins it, and our own.
//!
//! GOV.UK Frontend comes from `PEP_ASSETS_DIR` (a `node_modules` folder) where that is set, else by `npm ci`. Where neither can
//! be had, the program is built all the same, with our own plain style in its place: most who build want the command line.

#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "it runs where the room is built, not in the room"
)]

use std::{
    env,
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// What `npm ci` needs; also what a change of makes it run again.
const PINS: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];
/// What is ours and goes in as it is, with its media type.
const OURS: [(&str, &str); 7] = [
    ("pep.css", "text/css; charset=utf-8"),
    ("copy.css", "text/css; charset=utf-8"),
    ("noscript.css", "text/css; charset=utf-8"),
    ("child.css", "text/css; charset=utf-8"),
    ("app.js", "text/javascript; charset=utf-8"),
    ("child.js", "text/javascript; charset=utf-8"),
    ("icon.svg", "image/svg+xml"),
];
/// GOV.UK's own brand colour. Only GOV.UK may wear it.
const GOVUK_BLUE: &str = "#1d70b8";
/// Worn in its place where a council has not chosen a colour; white words on it have a contrast of 9 to 1.
const NEUTRAL: &str = "#33475b";
/// What belongs to GOV.UK alone: its typeface, crown and crest, brand colour, and every file of its own that a style names.
const NOT_OURS: [&str; 5] = ["GDS Transport", "crown", "crest", GOVUK_BLUE, "url(/assets"];

fn main() {
    for name in PINS.iter().copied().chain(["plain.css"]).chain(OURS.map(|(name, _)| name)) {
        println!("cargo:rerun-if-changed=assets/{name}");
    }
    println!("cargo:rerun-if-env-changed=PEP_ASSETS_DIR");
    if let Err(why) = gather() {
        println!("cargo:warning=The pages of pep could not be put together: {why}");
        std::process::exit(1);
    }
}

fn gather() -> io::Result<()> {
    let ours = PathBuf::from("assets");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut files = Vec::new();
    let found = node_modules(&ours, &out).and_then(|modules| {
        let path = modules.join("govuk-frontend/dist/govuk/govuk-frontend.min.css");
        fs::read_to_string(&path).map_err(|e| format!("{} could not be read ({e})", path.display()))
    });
    let govuk = found.is_ok();
    match found {
        Ok(css) => files.push(("govuk.css", "text/css; charset=utf-8", cleaned(&css)?.into_bytes())),
        Err(why) => {
            println!(
                "cargo:warning=pep is built without GOV.UK Frontend, so its pages in the browser look plainer; the commands are not affected. {why}. To have it: install Node 20 or later, or set PEP_ASSETS_DIR to a node_modules folder that holds govuk-frontend, and build again."
            );
            files.push(("plain.css", "text/css; charset=utf-8", fs::read(ours.join("plain.css"))?));
        }
    }
    for (name, kind) in OURS {
        files.push((name, kind, fs::read(ours.join(name))?));
    }

    let mut table = format!(
        "/// Whether GOV.UK Frontend is among them.\npub const GOVUK: bool = {govuk};\n/// All of them.\npub const ASSETS: &[Asset] = &[\n"
    );
    for (name, kind, bytes) in &files {
        let path = out.join(name);
        fs::write(&path, bytes)?;
        let hash = fingerprint(bytes);
        let _ = writeln!(
            table,
            "    Asset {{ name: {name:?}, kind: {kind:?}, hash: \"{hash:016x}\", bytes: include_bytes!({path:?}) }},"
        );
    }
    table.push_str("];\n");
    fs::write(out.join("assets.rs"), table)
}

/// Where GOV.UK Frontend is, or why it cannot be had.
fn node_modules(ours: &Path, out: &Path) -> Result<PathBuf, String> {
    if let Some(dir) = env::var_os("PEP_ASSETS_DIR").filter(|dir| !dir.is_empty()) {
        return Ok(dir.into());
    }
    let folder = out.join("npm");
    let copied = fs::create_dir_all(&folder)
        .and_then(|()| PINS.iter().try_for_each(|name| fs::copy(ours.join(name), folder.join(name)).map(drop)));
    copied.map_err(|e| format!("The folder for it could not be made ({e})"))?;
    let pinned = PINS.iter().map(|name| fs::read(folder.join(name)).map(|bytes| fingerprint(&bytes)));
    let pinned: String = pinned.map(|hash| format!("{:016x}", hash.unwrap_or_default())).collect();
    let stamp = folder.join("stamp");
    if fs::read_to_string(&stamp).is_ok_and(|fetched| fetched == pinned) {
        return Ok(folder.join("node_modules"));
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let done =
        Command::new(npm).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder).output();
    match done {
        Ok(done) if done.status.success() => {
            // Without the stamp it is fetched again next time, which is no harm.
            let _ = fs::write(&stamp, pinned);
            Ok(folder.join("node_modules"))
        }
        Ok(done) => {
            let said = String::from_utf8_lossy(&done.stderr);
            let said =
                said.lines().find(|line| line.contains("code") || line.contains("error")).unwrap_or("no reason given");
            Err(format!("npm could not fetch it ({said})"))
        }
        Err(e) => Err(format!("npm could not be run ({e})")),
    }
}

/// The style without what belongs to GOV.UK alone.
fn cleaned(css: &str) -> io::Result<String> {
    let lines = css.lines().filter(|line| !line.contains("sourceMappingURL"));
    let mut css = lines.collect::<Vec<_>>().join("\n").replace(GOVUK_BLUE, NEUTRAL);
    while let Some(at) = css.find("@font-face{") {
        let end = css[at..].find('}').map_or(css.len(), |end| at + end + 1);
        css.replace_range(at..end, "");
    }
    css = css.replace("GDS Transport,", "");
    for word in NOT_OURS {
        while let Some(at) = css.find(word) {
            let rule = rule_around(&css, at);
            css.replace_range(rule, "");
        }
    }
    match NOT_OURS.iter().find(|word| css.contains(**word)) {
        Some(word) => {
            Err(io::Error::other(format!("{word} is still in GOV.UK Frontend's style; build.rs must take it out")))
        }
        None => Ok(css),
    }
}

/// The innermost rule that a place is in: its selector and its block.
fn rule_around(css: &str, at: usize) -> std::ops::Range<usize> {
    let is_brace = |c: char| c == '{' || c == '}';
    let next = css[at..].find(is_brace).map_or(css.len(), |next| at + next);
    let open = match css[next..].starts_with('{') {
        true => next,
        false => css[..at].rfind('{').unwrap_or(0),
    };
    let start = css[..open].rfind(is_brace).map_or(0, |before| before + 1);
    let end = css[open..].find('}').map_or(css.len(), |end| open + end + 1);
    start..end
}

/// FNV-1a: names a version of a file in its address. Not for safety.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
