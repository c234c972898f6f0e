//! What a command is given: this device's documents, and where to write data and talk. The same whether the command runs in
//! its own process or was brought through the door.

use std::{
    fmt::Display,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use disk::{Reply, Request};
use participant::{Device, Error, Kind, Mine, Now, Zone, bring, device::Me, mine, select, words::counted};
use plan::{Applied, DocumentKind, Pep, Question, Role, View};
use serde::Serialize;
use sync::act::Sentence;
use uuid::Uuid;

use crate::{
    app::App,
    clock,
    given::Given,
    global::Global,
    json::{acts::Acted, failed::Failed},
};

/// What carries out a command that another process brings.
pub type Answer = fn(&Arc<App>, Request) -> Reply;

/// Where a command runs and what it has said so far.
pub struct Context {
    app: Option<Arc<App>>,
    /// What every command takes.
    pub global: Global,
    cwd: PathBuf,
    stdin: Vec<u8>,
    given: Given,
    answer: Answer,
    /// Whether this is the command's own process, so that it may go on and speak while it runs.
    own_process: bool,
    /// Whether the one JSON document is there.
    answered: bool,
    out: Vec<u8>,
    err: Vec<u8>,
}

impl Context {
    /// For a command in its own process.
    pub fn own(app: Option<Arc<App>>, global: Global, stdin: Vec<u8>, given: Given, answer: Answer) -> Context {
        let cwd = std::env::current_dir().unwrap_or_default();
        Context {
            app,
            global,
            cwd,
            stdin,
            given,
            answer,
            own_process: true,
            answered: false,
            out: Vec::new(),
            err: Vec::new(),
        }
    }

    /// For a command that another process brought.
    pub fn brought(
        app: Arc<App>,
        global: Global,
        cwd: PathBuf,
        stdin: Vec<u8>,
        given: Given,
        answer: Answer,
    ) -> Context {
        Context {
            app: Some(app),
            global,
            cwd,
            stdin,
            given,
            answer,
            own_process: false,
            answered: false,
            out: Vec::new(),
            err: Vec::new(),
        }
    }

    /// From now on this process carries out the commands that others bring to its folder.
    pub fn listen(&self) -> Result<(), Error> {
        self.app()?.listen(self.answer).map_err(|e| {
            Error::new(Kind::Failed, format!("This computer does not let pep listen for your other commands ({e})."))
        })
    }

    // What it says.

    /// A line of data, on standard output.
    pub fn data(&mut self, line: impl Display) {
        let _ = writeln!(self.out, "{line}");
    }

    /// Data as it is.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// The one JSON document: what a struct of [`crate::json`] says, its keys in the order of the alphabet.
    pub fn json(&mut self, output: &impl Serialize) {
        self.answered = true;
        self.data(serde_json::to_value(output).unwrap_or_default());
    }

    /// Says why the command was not done: in words, and with `--json` as the one document, unless there is one already. The exit code.
    pub fn failed(&mut self, e: &Error) -> u8 {
        self.err.extend_from_slice(e.words().as_bytes());
        if self.global.json && !self.answered {
            self.json(&Failed::of(e));
        }
        e.kind.code()
    }

    /// A remark, on standard error; silent with `--quiet`.
    pub fn talk(&mut self, line: impl Display) {
        if !self.global.quiet {
            let _ = writeln!(self.err, "{line}");
        }
    }

    /// A remark for whoever asked for more.
    pub fn detail(&mut self, line: impl Display) {
        if self.global.verbose {
            self.talk(line);
        }
    }

    /// Writes what has been said so far, where the command has a process of its own.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.own_process {
            let (out, err) = (std::mem::take(&mut self.out), std::mem::take(&mut self.err));
            io::stderr().write_all(&err)?;
            let mut stdout = io::stdout();
            stdout.write_all(&out)?;
            stdout.flush()?;
        }
        Ok(())
    }

    /// What has been said: data and talk.
    pub fn said(self) -> (Vec<u8>, Vec<u8>) {
        (self.out, self.err)
    }

    // What it has.

    /// The time zone in which moments are said.
    pub fn zone(&self) -> Zone {
        clock::now().zone
    }

    /// Passphrases that it was given.
    pub fn given(&self) -> &Given {
        &self.given
    }

    /// Whether the command has a process of its own, and so may go on for long.
    pub fn own_process(&self) -> bool {
        self.own_process
    }

    /// The opened home folder.
    pub fn app(&self) -> Result<&Arc<App>, Error> {
        self.app.as_ref().ok_or_else(|| Error::new(Kind::Failed, "This command has no folder to work on."))
    }

    /// What was piped in, as text.
    pub fn input(&self) -> Result<String, Error> {
        String::from_utf8(self.stdin.clone())
            .map_err(|_| Error::new(Kind::Failed, "What was piped in is not text (UTF-8). Nothing was changed."))
    }

    /// A path as the person who gave it means it.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.cwd.join(path)
    }

    /// Has `f` done by the thread that owns the documents.
    pub fn with<T, E>(&self, f: impl FnOnce(&mut Device) -> Result<T, E> + Send + 'static) -> Result<T, Error>
    where
        T: Send + 'static,
        E: Into<Error> + Send + 'static,
    {
        self.app()?.with(f)?.map_err(Into::into)
    }

    /// Has a use case done on that thread: one turn, in which nothing else happens, at one moment.
    pub fn turn<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Device, &Now) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let now = clock::now();
        let turn = move |device: &mut Device| {
            device.it_is(now.unix());
            f(device, &now)
        };
        self.app()?.with(turn)?
    }

    /// Who uses this device.
    pub fn me(&self) -> Result<Me, Error> {
        self.turn(|device, now| mine::me(device, now))
    }

    /// This person's role for a child today; an error where there is none.
    pub fn role_for(&self, child: Uuid) -> Result<Role, Error> {
        self.turn(move |device, now| mine::role_for(device, &child, now))
    }

    /// The PEP that `text` names, with this person's role for its child.
    pub fn mine(&self, text: &str) -> Result<Mine, Error> {
        let text = text.to_owned();
        self.turn(move |device, now| select::pep(device, &text, now))
    }

    /// The child that `text` names.
    pub fn child(&self, text: &str) -> Result<sync::roster::Child, Error> {
        let text = text.to_owned();
        self.turn(move |device, now| select::child(device, &text, now))
    }

    /// The question of this id.
    pub fn question(&self, id: &str) -> Result<&'static Question, Error> {
        mine::question(id)
    }

    /// `Idris Fennimoor, Spring 2025/26, termly review`.
    pub fn title(&self, pep: &Pep) -> Result<String, Error> {
        let pep = pep.clone();
        self.turn(move |device, _| mine::title(device, &pep))
    }

    /// The PEP as it is now.
    pub fn view(&self, mine: &Mine) -> Result<Arc<View>, Error> {
        let mine = mine.clone();
        self.turn(move |device, _| mine.view(device))
    }

    /// The last PEP of the same child and what it says, if it has arrived whole.
    pub fn last(&self, mine: &Mine) -> Result<Option<(Pep, Arc<View>)>, Error> {
        let mine = mine.clone();
        self.turn(move |device, _| bring::last(device, &mine))
    }

    /// Fails where this person's role does not hold the document that a question is kept in.
    pub fn may_read(&self, mine: &Mine, question: &'static Question) -> Result<DocumentKind, Error> {
        let mine = mine.clone();
        self.turn(move |device, _| mine.may_read(device, question))
    }

    /// Has the relay do what was said, and waits for its answer. Nothing is done where it cannot be reached.
    pub fn does(&self, said: Sentence) -> Result<(), Error> {
        self.app()?.clone().act(said)
    }

    /// The same, and says that it was done.
    pub fn has_done(&mut self, said: Sentence, words: &str) -> Result<(), Error> {
        let act = said.does.word();
        self.does(said)?;
        if self.global.json {
            self.json(&Acted { act, done: true });
        }
        self.talk(words);
        Ok(())
    }

    /// Says how far what was just saved has come.
    pub fn saved(&mut self, applied: &Applied) -> Result<(), Error> {
        if applied.change.is_none() {
            self.talk("Nothing to change: it is so already.");
            return Ok(());
        }
        let waiting = self.with(|device| device.answers_waiting())?;
        self.talk(match waiting {
            0 => "Saved on this device and shared.".to_string(),
            n => format!(
                "Saved on this device. Not shared yet: {} {}.",
                counted(n, "answer"),
                if n == 1 { "waits" } else { "wait" }
            ),
        });
        Ok(())
    }
}
