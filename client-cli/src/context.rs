//! What a command is given: this device's documents, and where to write data and talk. The same whether the command runs in
//! its own process or was brought through the door.

use std::{
    fmt::Display,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use plan::{Applied, DocumentKind, Edit, Pep, Question, Refused, Role, View, bank};
use replica::Trouble;
use uuid::Uuid;

use crate::{
    app::App,
    ask::Given,
    cli::Global,
    clock,
    core::{Core, Me, counted},
    error::{CommandError, Kind},
    words,
};

/// Where a command runs and what it has said so far.
pub struct Context {
    app: Option<Arc<App>>,
    /// What every command takes.
    pub global: Global,
    cwd: PathBuf,
    stdin: Vec<u8>,
    given: Given,
    /// Whether this is the command's own process, so that it may go on and speak while it runs.
    own_process: bool,
    out: Vec<u8>,
    err: Vec<u8>,
}

/// A PEP, and what this person is to its child today.
#[derive(Debug, Clone)]
pub struct Mine {
    /// The PEP.
    pub pep: Pep,
    /// This person's role for its child.
    pub role: Role,
}

impl Context {
    /// For a command in its own process.
    pub fn own(app: Option<Arc<App>>, global: Global, stdin: Vec<u8>, given: Given) -> Context {
        let cwd = std::env::current_dir().unwrap_or_default();
        Context { app, global, cwd, stdin, given, own_process: true, out: Vec::new(), err: Vec::new() }
    }

    /// For a command that another process brought.
    pub fn brought(app: Arc<App>, global: Global, cwd: PathBuf, stdin: Vec<u8>, given: Given) -> Context {
        Context { app: Some(app), global, cwd, stdin, given, own_process: false, out: Vec::new(), err: Vec::new() }
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

    /// The one JSON document.
    pub fn json(&mut self, value: &serde_json::Value) {
        self.data(value);
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

    /// Passphrases that it was given.
    pub fn given(&self) -> &Given {
        &self.given
    }

    /// Whether the command has a process of its own, and so may go on for long.
    pub fn own_process(&self) -> bool {
        self.own_process
    }

    /// The opened home folder.
    pub fn app(&self) -> Result<&Arc<App>, CommandError> {
        self.app.as_ref().ok_or_else(|| CommandError::new(Kind::Failed, "This command has no folder to work on."))
    }

    /// What was piped in, as text.
    pub fn input(&self) -> Result<String, CommandError> {
        String::from_utf8(self.stdin.clone())
            .map_err(|_| CommandError::new(Kind::Failed, "What was piped in is not text (UTF-8). Nothing was changed."))
    }

    /// A path as the person who gave it means it.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.cwd.join(path)
    }

    /// Has `f` done by the thread that owns the documents.
    pub fn with<T, E>(&self, f: impl FnOnce(&mut Core) -> Result<T, E> + Send + 'static) -> Result<T, CommandError>
    where
        T: Send + 'static,
        E: Into<CommandError> + Send + 'static,
    {
        self.app()?.with(f)?.map_err(Into::into)
    }

    /// Who uses this device.
    pub fn me(&self) -> Result<Me, CommandError> {
        let (me, shut) = self.with(|core| Ok::<_, Trouble>((core.me().cloned(), core.is_shut_out().cloned())))?;
        if let Some(shut) = &shut {
            return Err(shut.into());
        }
        me.ok_or_else(|| {
            CommandError::new(Kind::Failed, "This device has not joined yet.")
                .hint("Ask the Virtual School for an invitation link, then run `pep join LINK`. To try the program without one: `pep demo`.")
        })
    }

    /// This person's role for a child today; an error where there is none.
    pub fn role_for(&self, child: Uuid) -> Result<Role, CommandError> {
        self.me()?;
        self.with(move |core| Ok::<_, Trouble>(core.role_for(&child, &clock::today())))?.ok_or_else(|| {
            CommandError::new(Kind::NotPermitted, "You are not on this child's team at present.")
                .hint("The Virtual School decides who works with whom, and can add you. What you wrote before is kept.")
        })
    }

    /// The question of this id.
    pub fn question(&self, id: &str) -> Result<&'static Question, CommandError> {
        let nearest = || bank().nearest(id).into_iter().map(str::to_owned).collect();
        bank().question(id).ok_or_else(|| CommandError::from(Refused::UnknownQuestion { nearest: nearest() }))
    }

    /// `Idris Fennimoor, Spring 2025/26, termly review`.
    pub fn title(&self, pep: &Pep) -> Result<String, CommandError> {
        let children = self.with(|core| core.children())?;
        let name = children.iter().find(|c| c.id == *pep.child.as_bytes()).map_or("A child", |c| c.name.as_str());
        Ok(format!("{name}, {}", words::sitting(pep)))
    }

    /// The PEP as it is now.
    pub fn view(&self, mine: &Mine) -> Result<View, CommandError> {
        let Mine { pep, role } = mine.clone();
        self.with(move |core| core.view(&pep, role))
    }

    /// Fails where this person's role does not hold the document that a question is kept in.
    pub fn may_read(&self, mine: &Mine, question: &Question) -> Result<DocumentKind, CommandError> {
        let kind = question.document();
        let Mine { pep, role } = mine.clone();
        if self.with(move |core| Ok::<_, Trouble>(core.reads(&pep, kind, role)))? {
            return Ok(kind);
        }
        let readers: Vec<String> = kind.readers().iter().map(|role| role.label().to_lowercase()).collect();
        let message = format!(
            "{} is kept in a part of the plan that is not shared with you ({}).",
            question.id,
            kind.label().to_lowercase()
        );
        Err(CommandError::new(Kind::NotPermitted, message).hint(match kind.choices() {
            [] => format!("It is shared with: {}.", readers.join(", ")),
            _ => "The young person chooses who sees it.".to_owned(),
        }))
    }

    /// Makes edits that belong to one question, in the document that holds it. On the disk when this returns.
    pub fn edit(&mut self, mine: &Mine, question: &Question, edits: Vec<Edit>) -> Result<Applied, CommandError> {
        let kind = self.may_read(mine, question)?;
        let Mine { pep, role } = mine.clone();
        self.with(move |core| core.edit(&pep, kind, role, &edits, clock::now()))?.map_err(CommandError::from)
    }

    /// Says how far what was just saved has come.
    pub fn saved(&mut self, applied: &Applied) -> Result<(), CommandError> {
        if applied.change.is_none() {
            self.talk("Nothing to change: it is so already.");
            return Ok(());
        }
        let waiting = self.with(|core| core.answers_waiting())?;
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
