//! The processes of the demonstration: a relay, and `pep` for each participant.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::host::SETTINGS;
use participant::error::{Error, Kind};

/// How long a part may take to end by itself.
const GOODBYE: Duration = Duration::from_secs(5);

/// A running relay and a folder for each participant.
pub struct Stage {
    dir: PathBuf,
    program: PathBuf,
    relay: Part,
    watchers: Vec<Part>,
    /// Where the relay listens.
    pub url: String,
}

/// A process that ends with this one: its standard input is held open from here.
struct Part {
    child: Child,
    stdin: Option<ChildStdin>,
    /// Held open: whoever writes into a closed one would end.
    stdout: Option<BufReader<ChildStdout>>,
}

impl Stage {
    /// Starts a relay in an empty folder.
    pub fn set(dir: &Path) -> Result<Stage, Error> {
        let program = std::env::current_exe().map_err(failed)?;
        let log = File::create(dir.join("relay.log")).map_err(failed)?;
        let mut child = Command::new(&program)
            .args(["tied", "relay", "serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(dir.join("relay"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        let mut relay = Part { stdout: child.stdout.take().map(BufReader::new), stdin: child.stdin.take(), child };
        let line = relay.line()?;
        let Some(url) = line.trim().strip_prefix("ready ") else {
            let log = std::fs::read_to_string(dir.join("relay.log")).unwrap_or_default();
            return Err(Error::new(Kind::Failed, format!("The relay did not start. {log}")));
        };
        Ok(Stage { dir: dir.to_path_buf(), program, url: url.to_string(), relay, watchers: Vec::new() })
    }

    /// A participant's folder.
    pub fn home(&self, who: &str) -> PathBuf {
        self.dir.join(who)
    }

    /// Runs `pep` for a participant; what it prints.
    pub fn pep(&self, who: &str, words: &[&str]) -> Result<String, Error> {
        let mut command = Command::new(&self.program);
        command.arg("--home").arg(self.home(who)).args(words);
        output(command, words)
    }

    /// The same as JSON.
    pub fn pep_json(&self, who: &str, words: &[&str]) -> Result<Value, Error> {
        parse(&self.pep(who, &[words, &["--json"]].concat())?)
    }

    /// Runs `pep-relay`; what it prints, as JSON.
    pub fn relay_json(&self, words: &[&str]) -> Result<Value, Error> {
        let mut command = Command::new(&self.program);
        command.arg("relay").args(words).arg("--data").arg(self.dir.join("relay")).arg("--json");
        parse(&output(command, words)?)
    }

    /// Starts a participant's `pep sync --watch`, which goes on until the end.
    pub fn watch(&mut self, who: &str) -> Result<(), Error> {
        let log = File::create(self.dir.join(format!("{who}.log"))).map_err(failed)?;
        let mut child = Command::new(&self.program)
            .arg("tied")
            .arg("--home")
            .arg(self.home(who))
            .args(["sync", "--watch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        self.watchers.push(Part { stdin: child.stdin.take(), stdout: None, child });
        Ok(())
    }

    /// Has the pages of a participant say that they are a demonstration, and in whose colours.
    pub fn furnish(&self, who: &str) -> Result<(), Error> {
        let council = json!({ "name": "Harrowmere Council", "colour": "#00414a", "demo": true });
        std::fs::write(self.home(who).join(SETTINGS), council.to_string()).map_err(failed)
    }

    /// Starts a participant's `pep open`, which goes on until the end and shares meanwhile; a link that opens the pages once.
    pub fn open(&mut self, who: &str) -> Result<String, Error> {
        let log = File::create(self.dir.join(format!("{who}.log"))).map_err(failed)?;
        let mut child = Command::new(&self.program)
            .arg("tied")
            .arg("--home")
            .arg(self.home(who))
            .args(["open", "--no-browser"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        let stdout = child.stdout.take().map(BufReader::new);
        self.watchers.push(Part { stdin: child.stdin.take(), stdout, child });
        let line = self.watchers.last_mut().map_or_else(|| Ok(String::new()), Part::line)?;
        match line.trim() {
            "" => {
                let log = std::fs::read_to_string(self.dir.join(format!("{who}.log"))).unwrap_or_default();
                Err(Error::new(Kind::Failed, format!("The pages of {who} did not open. {log}")))
            }
            link => Ok(link.to_owned()),
        }
    }

    /// Ends everything: the participants first.
    pub fn end(&mut self) {
        self.watchers.iter_mut().for_each(Part::end);
        self.relay.end();
    }
}

impl Part {
    /// The next line that it prints; empty where it has ended.
    fn line(&mut self) -> Result<String, Error> {
        let mut line = String::new();
        if let Some(stdout) = &mut self.stdout {
            stdout.read_line(&mut line).map_err(failed)?;
        }
        Ok(line)
    }

    fn end(&mut self) {
        self.stdin = None;
        let started = Instant::now();
        while started.elapsed() < GOODBYE {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(10)),
                Ok(Some(_)) | Err(_) => return,
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.end();
    }
}

fn output(mut command: Command, words: &[&str]) -> Result<String, Error> {
    let done = command.stdin(Stdio::null()).output().map_err(failed)?;
    if done.status.success() {
        return String::from_utf8(done.stdout)
            .map_err(|_| Error::new(Kind::Failed, "A part of the demonstration did not answer in text."));
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let command = words.iter().take(2).copied().collect::<Vec<_>>().join(" ");
    Err(Error::new(Kind::Failed, format!("`{command}` failed in the demonstration: {}", said.trim())))
}

fn parse(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text)
        .map_err(|_| Error::new(Kind::Failed, "A part of the demonstration did not answer in JSON."))
}

fn failed(e: io::Error) -> Error {
    Error::new(Kind::Failed, format!("A part of the demonstration could not be started ({e})."))
}
