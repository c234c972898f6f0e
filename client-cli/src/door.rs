//! From words to a command: in this process where the folder is free, else in the one that has it open.

use std::{
    ffi::OsString,
    io::{self, BufRead, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Parser;
use disk::{Claim, Reply, Request};

use crate::{
    app::App,
    ask::{self, Given},
    cli::{Cli, Command, Global, Needs},
    context::Context,
    error::{CommandError, Kind},
    shut_out, unlock,
};

/// How long other commands that this process carries out may take to end when it ends itself.
const LAST_COMMANDS: Duration = Duration::from_secs(5);
/// How often a passphrase is asked for before a command gives up.
const PASSPHRASES_ASKED: u32 = 3;
/// The longest line that is read where one is asked for, in bytes.
const LINE_BYTES_MAX: u64 = 1024;

/// Runs the program with these words.
pub fn run(args: Vec<OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        // Help and version are data; everything else is talk with exit code 2.
        Err(e) => {
            let _ = e.print();
            return ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(2));
        }
    };
    let result = match cli.command.needs() {
        Needs::Nothing => carry_out(cli, None, Vec::new(), Given::default()),
        needs => at_home(cli, needs, &args),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(e) => {
            let _ = io::stderr().write_all(e.words().as_bytes());
            ExitCode::from(e.kind.code())
        }
    }
}

/// Answers a command that another process brought to the folder this one has open.
pub fn answer(app: &Arc<App>, request: Request) -> Reply {
    let words = std::iter::once("pep".to_string()).chain(request.args);
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(e) => return Reply { code: 2, stderr: e.to_string().into_bytes(), ..Reply::default() },
    };
    if let Err(e) = app.admit(request.passphrase.as_ref()) {
        let e = CommandError::from(e);
        return Reply { code: e.kind.code(), stderr: e.words().into_bytes(), locked: true, ..Reply::default() };
    }
    let given = Given { passphrase: request.passphrase, new: request.new_passphrase, file: request.file_passphrase };
    let mut context = Context::brought(app.clone(), cli.global.clone(), request.cwd, request.stdin, given);
    let result = cli.command.run(&mut context);
    let (stdout, mut stderr) = context.said();
    let code = match result {
        Ok(()) => 0,
        Err(e) => {
            stderr.extend_from_slice(e.words().as_bytes());
            e.kind.code()
        }
    };
    Reply { code, stdout, stderr, locked: false }
}

fn at_home(cli: Cli, needs: Needs, args: &[OsString]) -> Result<u8, CommandError> {
    let home = home(&cli.global)?;
    let mut stdin = Vec::new();
    let read = match needs {
        Needs::HomeAndInput => io::stdin().read_to_end(&mut stdin),
        Needs::HomeAndLine => {
            if io::stdin().is_terminal() {
                let _ = writeln!(io::stderr(), "Type 4 to 8 digits, then press Enter.");
            }
            io::stdin().lock().take(LINE_BYTES_MAX).read_until(b'\n', &mut stdin)
        }
        Needs::Home | Needs::Nothing => Ok(0),
    };
    read.map_err(|e| CommandError::new(Kind::Failed, format!("What was piped in could not be read ({e}).")))?;
    let mut given = Given::read(&cli, &home)?;
    loop {
        match claimed(&home)? {
            Claim::Ours(owner) => {
                left_empty(&home, &cli.command)?;
                // A new home is locked from its first moment, where a passphrase was chosen.
                let passphrase = given.passphrase.as_ref().or(given.new.as_ref());
                let mut asked = 0..PASSPHRASES_ASKED;
                let key = unlock::open(&home, passphrase, ask::wait, || {
                    asked.next().and_then(|_| ask::passphrase("The passphrase of your plans: "))
                })?;
                let (app, notices) = App::open(owner, key)?;
                for notice in notices {
                    let _ = writeln!(io::stderr(), "{notice}");
                }
                return carry_out(cli, Some(Arc::new(app)), stdin, given);
            }
            Claim::Theirs(door) => {
                let request = Request {
                    args: texts(args)?,
                    cwd: std::env::current_dir().unwrap_or_default(),
                    stdin: stdin.clone(),
                    passphrase: given.passphrase.clone(),
                    new_passphrase: given.new.clone(),
                    file_passphrase: given.file.clone(),
                };
                // Never asked twice, but where it is locked: what was not answered may have been done.
                let reply = door.ask(request).map_err(|_| {
                    CommandError::new(Kind::Store, "The program that has this folder open ended before it answered.")
                        .hint("Look with `pep show` or `pep history` whether it was done, then try again.")
                })?;
                let again = reply.locked && given.passphrase.is_none();
                match again.then(|| ask::passphrase("The passphrase of your plans: ")).flatten() {
                    Some(passphrase) => given.passphrase = Some(passphrase),
                    None => return repeat(&reply),
                }
            }
        }
    }
}

/// Ends what a revocation began, and lets only a new link open such a folder again.
fn left_empty(home: &Path, command: &Command) -> Result<(), CommandError> {
    let Some(shut) = shut_out::read(home) else { return Ok(()) };
    shut_out::sweep(home).map_err(|e| {
        CommandError::new(Kind::Failed, format!("{} What is left could not be erased ({e}).", shut.said()))
    })?;
    if matches!(command, Command::Join(_)) { Ok(()) } else { Err((&shut).into()) }
}

fn claimed(home: &Path) -> Result<Claim, CommandError> {
    match disk::claim(home) {
        Ok(claim) => Ok(claim),
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
            Err(CommandError::new(Kind::Store, "Another program has this folder open and does not answer.")
                .hint("Close the other pep that uses the same --home, then try again."))
        }
        Err(e) => Err(CommandError::new(Kind::Failed, format!("The folder for your plans could not be opened ({e})."))
            .hint("Look whether you may write to the folder that --home names, and whether the disk is full.")),
    }
}

fn carry_out(cli: Cli, app: Option<Arc<App>>, stdin: Vec<u8>, given: Given) -> Result<u8, CommandError> {
    let mut context = Context::own(app.clone(), cli.global, stdin, given);
    let result = cli.command.run(&mut context);
    let written = context.flush();
    drop(context);
    // Commands that others brought here are answered before the folder closes.
    let started = Instant::now();
    while app.as_ref().is_some_and(|app| Arc::strong_count(app) > 1) && started.elapsed() < LAST_COMMANDS {
        std::thread::sleep(Duration::from_millis(10));
    }
    result?;
    match written {
        // Whoever read the answer has seen enough of it.
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            Err(CommandError::new(Kind::Failed, format!("The answer could not be written ({e}).")))
        }
        _ => Ok(0),
    }
}

fn repeat(reply: &Reply) -> Result<u8, CommandError> {
    let _ = io::stderr().write_all(&reply.stderr);
    let mut stdout = io::stdout();
    match stdout.write_all(&reply.stdout).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            Err(CommandError::new(Kind::Failed, format!("The answer could not be written ({e}).")))
        }
        _ => Ok(reply.code),
    }
}

/// The words as the other process can read them.
fn texts(args: &[OsString]) -> Result<Vec<String>, CommandError> {
    let text = |arg: &OsString| {
        arg.to_str()
            .map(str::to_string)
            .ok_or_else(|| CommandError::new(Kind::Usage, "A word of this command is not text (UTF-8)."))
    };
    args.iter().skip(1).map(text).collect()
}

/// The folder for this person's plans.
pub fn home(global: &Global) -> Result<PathBuf, CommandError> {
    if let Some(home) = &global.home {
        return Ok(home.clone());
    }
    let from = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let base = if cfg!(windows) {
        from("APPDATA")
    } else if cfg!(target_os = "macos") {
        from("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        from("XDG_DATA_HOME").or_else(|| from("HOME").map(|home| home.join(".local/share")))
    };
    base.map(|base| base.join("openpep")).ok_or_else(|| {
        CommandError::new(Kind::Usage, "This system does not say where your data belongs.")
            .hint("Name a folder with --home DIR.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_commands_that_read_what_is_piped_in_wait_for_it() {
        let needs =
            |words: &[&str]| Cli::try_parse_from(std::iter::once(&"pep").chain(words)).map(|c| c.command.needs());
        assert!(matches!(needs(&["write", "abcd", "care.story", "-"]), Ok(Needs::HomeAndInput)));
        assert!(matches!(needs(&["write", "abcd", "care.story", "words"]), Ok(Needs::Home)));
        assert!(matches!(needs(&["pin", "set"]), Ok(Needs::HomeAndLine)));
        assert!(matches!(needs(&["process", "list"]), Ok(Needs::Nothing)));
        assert!(matches!(Cli::try_parse_from(["pep", "demo"]).map(|c| c.command), Ok(Command::Demo(_))));
    }
}
