//! From words to a command: in this process where the folder is free, else in the one that has it open.

use std::{
    ffi::OsString,
    io::{self, BufRead, IsTerminal, Read, Write},
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Parser;
use disk::{Claim, Reply, Request};
use replica::Secret;

use crate::{
    app::App,
    ask,
    cli::{Cli, Command, Needs},
    clock,
    context::Context,
    erase,
    given::Given,
    global::Seals,
    home::{claimed, home},
    json::failed,
    unlock::{self, Guard},
};
use participant::error::{Error, Kind};

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
            if e.use_stderr() {
                let _ = io::stdout()
                    .write_all(&failed::unread(&e.to_string(), args.iter().any(|arg| arg == "--json")).stdout);
            }
            return ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(2));
        }
    };
    let json = cli.global.json;
    let result = match cli.command.needs() {
        Needs::Nothing => carry_out(cli, None, Vec::new(), Given::default()),
        needs => at_home(cli, needs, &args),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(e) => {
            let reply = failed::reply(&e, json);
            let _ = io::stderr().write_all(&reply.stderr);
            let _ = io::stdout().write_all(&reply.stdout);
            ExitCode::from(reply.code)
        }
    }
}

/// Answers a command that another process brought to the folder this one has open.
pub fn answer(app: &Arc<App>, request: Request) -> Reply {
    let json = request.args.iter().any(|arg| arg == "--json");
    let words = std::iter::once("pep".to_string()).chain(request.args);
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(e) => return failed::unread(&e.to_string(), json),
    };
    if let Err(e) = app.admit(request.passphrase.as_ref()) {
        return Reply { locked: true, ..failed::reply(&e.into(), cli.global.json) };
    }
    let given = Given { passphrase: request.passphrase, new: request.new_passphrase, file: request.file_passphrase };
    let mut context = Context::brought(app.clone(), cli.global.clone(), request.cwd, request.stdin, given, answer);
    let code = match cli.command.run(&mut context) {
        Ok(()) => 0,
        Err(e) => context.failed(&e),
    };
    let (stdout, stderr) = context.said();
    Reply { code, stdout, stderr, locked: false }
}

fn at_home(cli: Cli, needs: Needs, args: &[OsString]) -> Result<u8, Error> {
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
    read.map_err(|e| Error::new(Kind::Failed, format!("What was piped in could not be read ({e}).")))?;
    let mut given = given(&cli, &home)?;
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
                    Error::new(Kind::Store, "The program that has this folder open ended before it answered.")
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
fn left_empty(home: &Path, command: &Command) -> Result<(), Error> {
    let Some(shut) = erase::read(home) else { return Ok(()) };
    erase::sweep(home).map_err(|e| {
        Error::new(
            Kind::Failed,
            format!("{} What is left could not be erased ({e}).", shut.sentence(clock::now().zone)),
        )
    })?;
    if matches!(command, Command::Join(_)) { Ok(()) } else { Err(shut.error(clock::now().zone)) }
}

fn carry_out(cli: Cli, app: Option<Arc<App>>, stdin: Vec<u8>, given: Given) -> Result<u8, Error> {
    let mut context = Context::own(app.clone(), cli.global, stdin, given, answer);
    let code = match cli.command.run(&mut context) {
        Ok(()) => 0,
        Err(e) => context.failed(&e),
    };
    let written = context.flush();
    drop(context);
    // Commands that others brought here are answered before the folder closes.
    let started = Instant::now();
    while app.as_ref().is_some_and(|app| Arc::strong_count(app) > 1) && started.elapsed() < LAST_COMMANDS {
        std::thread::sleep(Duration::from_millis(10));
    }
    match written {
        // Whoever read the answer has seen enough of it.
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::new(Kind::Failed, format!("The answer could not be written ({e}).")))
        }
        _ => Ok(code),
    }
}

/// Holds a passphrase.
const VARIABLE: &str = "PEP_PASSPHRASE";

/// What the words and the environment give, and, where a command sets a passphrase, what is asked for at the terminal.
fn given(cli: &Cli, home: &Path) -> Result<Given, Error> {
    let passphrase = match &cli.global.passphrase_file {
        Some(file) => Some(ask::from_file(file)?),
        None => std::env::var_os(VARIABLE).filter(|v| !v.is_empty()).map(|v| Secret::new(v.into_encoded_bytes())),
    };
    let unguarded = !matches!(unlock::guard(home), Ok(Guard::Passphrase { .. }));
    let new = match &cli.command {
        Command::Join(_) if unguarded && passphrase.is_some() => passphrase.clone(),
        Command::Join(_) if unguarded && ask::terminal() => {
            ask::new("Choose a passphrase for the plans on this device, or press Enter to go without: ", true)?
        }
        Command::Passphrase(args) if args.sets() && unguarded && passphrase.is_some() => passphrase.clone(),
        Command::Passphrase(args) if args.asks() && ask::terminal() => ask::new("Choose the new passphrase: ", false)?,
        _ => None,
    };
    let file = match cli.command.seals() {
        Some(Seals { file: Some(file), .. }) => Some(ask::from_file(file)?),
        Some(Seals { new: true, file: None }) if ask::terminal() => {
            ask::new("Choose a passphrase for this file: ", false)?
        }
        Some(Seals { new: false, file: None }) => ask::passphrase("The passphrase of the file: "),
        _ => None,
    };
    Ok(Given { passphrase, new, file })
}

fn repeat(reply: &Reply) -> Result<u8, Error> {
    let _ = io::stderr().write_all(&reply.stderr);
    let mut stdout = io::stdout();
    match stdout.write_all(&reply.stdout).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::new(Kind::Failed, format!("The answer could not be written ({e}).")))
        }
        _ => Ok(reply.code),
    }
}

/// The words as the other process can read them.
fn texts(args: &[OsString]) -> Result<Vec<String>, Error> {
    let text = |arg: &OsString| {
        arg.to_str()
            .map(str::to_string)
            .ok_or_else(|| Error::new(Kind::Usage, "A word of this command is not text (UTF-8)."))
    };
    args.iter().skip(1).map(text).collect()
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
