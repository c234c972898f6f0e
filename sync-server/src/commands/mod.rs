//! The commands, a file each: its doc comment is the help.

mod audit;
mod backup;
mod calendar;
mod check;
mod children;
mod completions;
mod config;
mod devices;
mod held;
mod invite;
mod people;
mod relay_keys;
mod restore;
mod rights;
mod serve;
mod teams;

use std::{
    ffi::OsString,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::{Args, Parser, Subcommand};
use disk::{Claim, DocumentThread, Owner, Reply, Request, claim};
use replica::{Key, Mode, Notice};
use serde::Serialize;
use serde_json::Value;

use crate::{
    config::Settings,
    directory::text,
    error::Error,
    json::Failed,
    keys, now,
    relay::{Address, Random, Relay, newest_key},
};

/// Characters of an id that are enough to name something, where no other begins so.
const PREFIX_MIN: usize = 4;

/// A Virtual School's relay for Personal Education Plans.
///
/// It passes changes between the devices of the people round a child, and knows who they are. Administration commands work
/// while the relay serves and while it does not.
#[derive(Parser)]
#[command(name = "pep-relay", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct Global {
    /// Folder of the relay's data [default: the platform's data folder]
    #[arg(long, global = true, env = "PEP_RELAY_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print one JSON document on standard output, and nothing else there
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Serve),
    Invite(invite::Invite),
    People(people::People),
    Devices(devices::Devices),
    Children(children::Children),
    Calendar(calendar::Calendar),
    Teams(teams::Teams),
    Held(held::Held),
    Audit(audit::Audit),
    Rights(rights::Table),
    Keys(relay_keys::Keys),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Check(check::Check),
    Config(config::Config),
    Completions(completions::Completions),
}

impl Command {
    /// Whether it is sensible where there is no relay yet: people and children can be put in before it first serves. The others look
    /// for what is there, and make no relay of a folder that was mistyped.
    fn may_begin(&self) -> bool {
        match self {
            Command::Invite(_) => true,
            Command::Children(children) => children.adds(),
            _ => false,
        }
    }
}

/// What a command works with.
struct Desk {
    /// The relay, served by its own thread.
    room: DocumentThread<Relay>,
    /// The relay's folder.
    folder: PathBuf,
    /// Where the command was said.
    cwd: PathBuf,
}

/// What a command says.
#[derive(Default)]
struct Output {
    /// For people.
    text: String,
    /// For programs.
    json: Value,
    /// Said on standard error.
    note: String,
    /// Exit code.
    code: u8,
}

impl Output {
    /// `json` is a struct of [`crate::json`]; its keys are printed in the order of the alphabet.
    fn new(text: String, json: &impl Serialize) -> Output {
        Output { text, json: serde_json::to_value(json).unwrap_or_default(), ..Output::default() }
    }
}

impl Desk {
    /// Has `f` done with the relay.
    fn with<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Relay) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.room.call_blocking(f)?
    }
}

/// The program.
pub(crate) fn main(args: Vec<OsString>) -> ExitCode {
    let reply = match Cli::try_parse_from(&args) {
        Ok(cli) => dispatch(cli, &args),
        Err(e) => parse_reply(&e, args.iter().any(|arg| arg == "--json")),
    };
    let _ = std::io::stdout().write_all(&reply.stdout).and_then(|()| std::io::stdout().flush());
    let _ = std::io::stderr().write_all(&reply.stderr);
    ExitCode::from(reply.code)
}

fn dispatch(cli: Cli, args: &[OsString]) -> Reply {
    let json = cli.global.json;
    let Some(data) = cli.global.data.or_else(data_folder) else {
        return reply(
            Err(Error::Usage("There is no data folder on this platform. Give one with --data.".into())),
            json,
        );
    };
    let done = match cli.command {
        Command::Config(config) => Ok(config.run()),
        Command::Rights(table) => Ok(table.run()),
        Command::Calendar(calendar) if calendar.is_check() => calendar.check(),
        Command::Completions(completions) => Ok(completions.run()),
        Command::Restore(restore) => restore.run(&data),
        Command::Serve(serve) => serve.run(&data).map(|()| Output::default()),
        command if !command.may_begin() && !data.join("journal").exists() => Err(Error::Usage(format!(
            "There is no relay in {}. Give the folder that it serves from with --data; `pep-relay serve` makes a new one.",
            data.display()
        ))),
        command => match claimed(&data) {
            Ok(Claim::Theirs(door)) => {
                let words: Option<Vec<String>> = args.iter().skip(1).map(|a| a.to_str().map(String::from)).collect();
                let asked = words.map(|args| Request { args, cwd: cwd(), ..Request::default() }).ok_or(Error::Locked);
                return match asked.and_then(|request| door.ask(request).map_err(|_| Error::Locked)) {
                    Ok(reply) => reply,
                    Err(e) => reply(Err(e), json),
                };
            }
            Ok(Claim::Ours(owner)) => alone(&owner, command),
            Err(e) => Err(e),
        },
    };
    // A server that has ended has nothing more to say.
    if let Ok(output) = &done
        && output.text.is_empty()
        && output.json.is_null()
    {
        return Reply { code: output.code, ..Reply::default() };
    }
    reply(done, json)
}

/// Carries out a command that came through the door of the running relay.
pub(crate) fn answer(room: &DocumentThread<Relay>, folder: &Path, request: Request) -> Reply {
    let json = request.args.iter().any(|arg| arg == "--json");
    let args = std::iter::once("pep-relay".to_string()).chain(request.args);
    match Cli::try_parse_from(args) {
        Ok(cli) => {
            let desk = Desk { room: room.clone(), folder: folder.to_path_buf(), cwd: request.cwd };
            reply(cli.command.run(&desk), cli.global.json)
        }
        Err(e) => parse_reply(&e, json),
    }
}

/// Carries out a command while no relay serves.
fn alone(owner: &Owner, command: Command) -> Result<Output, Error> {
    if let Command::Check(_) = &command
        && let Some(damaged) = check::before_opening(owner.dir())?
    {
        return Ok(damaged);
    }
    let settings = Settings::read(None, owner.dir())?;
    let store_key = keys::store_key(owner.dir(), &settings)?;
    let (relay, notices) = open(owner.dir(), &store_key.key, &settings)?;
    let address = relay.address().cloned();
    let (room, thread) = room(relay)?;
    let desk = Desk { room, folder: owner.dir().to_path_buf(), cwd: cwd() };
    if address.is_none() {
        // It has never served: it will where the configuration says.
        let pin = keys::tls(owner.dir(), &settings, &store_key.key)?.map(|tls| serde_bytes::ByteArray::new(tls.pin));
        let public = Some(settings.public_address.clone()).filter(|a| !a.is_empty());
        let address = Address { authority: public.unwrap_or(settings.listen), pin, lasting: true };
        desk.with(move |relay| Ok(relay.reached_at(address)?))?;
    }
    let done = command.run(&desk);
    desk.with(|relay| Ok(relay.finish()?))?;
    drop(desk);
    // The lock is given back only when the store is closed.
    let _ = thread.join();
    done.map(|output| Output { note: notes(&notices) + &output.note, ..output })
}

impl Command {
    fn run(self, desk: &Desk) -> Result<Output, Error> {
        match self {
            Command::Invite(c) => c.run(desk),
            Command::People(c) => c.run(desk),
            Command::Devices(c) => c.run(desk),
            Command::Children(c) => c.run(desk),
            Command::Teams(c) => c.run(desk),
            Command::Held(c) => c.run(desk),
            Command::Audit(c) => c.run(desk),
            Command::Calendar(c) => c.run(desk),
            Command::Keys(c) => c.run(desk),
            Command::Backup(c) => c.run(desk),
            Command::Check(c) => c.run(desk),
            Command::Config(c) => Ok(c.run()),
            Command::Rights(c) => Ok(c.run()),
            Command::Completions(c) => Ok(c.run()),
            Command::Serve(_) | Command::Restore(_) => Err(Error::Locked),
        }
    }
}

/// Opens the relay with the keys of its folder.
fn open(dir: &Path, store_key: &Arc<Key>, settings: &Settings) -> Result<(Relay, Vec<Notice>), Error> {
    keys::seal_plain(dir, store_key)?;
    let mut seed = [0; 1];
    // Asked once here, so that a machine without randomness is told of in words.
    keys::random(&mut seed)?;
    let random: Random = Box::new(|bytes| {
        let _ = keys::random(bytes);
    });
    let (replica, notices) = disk::open_replica(dir, Mode::Relay, store_key)?;
    let key = keys::relay_key_of(dir, store_key, newest_key(&replica)?)?;
    Ok((
        Relay::open(replica, plan::Processes::built_in().clone(), key, &settings.organisation, random, now())?,
        notices,
    ))
}

fn room(relay: Relay) -> Result<(DocumentThread<Relay>, std::thread::JoinHandle<Relay>), Error> {
    DocumentThread::spawn("relay", relay, |relay| relay.settle(now()))
        .map_err(Error::file("The thread that keeps the documents"))
}

fn claimed(data: &Path) -> Result<Claim, Error> {
    claim(data).map_err(|e| match e.kind() {
        std::io::ErrorKind::WouldBlock => Error::Locked,
        _ => Error::file("The data folder")(e),
    })
}

fn notes(notices: &[Notice]) -> String {
    notices.iter().map(|n| format!("{n}\n")).collect()
}

fn reply(done: Result<Output, Error>, json: bool) -> Reply {
    match done {
        Ok(output) if json => {
            let stdout = format!("{}\n", output.json).into_bytes();
            Reply { code: output.code, stdout, stderr: output.note.into_bytes(), ..Reply::default() }
        }
        Ok(output) => Reply {
            code: output.code,
            stdout: output.text.into_bytes(),
            stderr: output.note.into_bytes(),
            ..Reply::default()
        },
        Err(e) => {
            let stdout = if json { Failed::of(e.exit_code(), &e.to_string()).line() } else { Vec::new() };
            Reply { code: e.exit_code(), stdout, stderr: format!("{e}\n").into_bytes(), ..Reply::default() }
        }
    }
}

fn parse_reply(e: &clap::Error, json: bool) -> Reply {
    let words = e.to_string();
    match e.use_stderr() {
        true => {
            let stdout = if json { Failed::of(2, &words).line() } else { Vec::new() };
            Reply { code: 2, stdout, stderr: words.into_bytes(), ..Reply::default() }
        }
        false => Reply { stdout: words.into_bytes(), ..Reply::default() },
    }
}

fn cwd() -> PathBuf {
    std::env::current_dir().unwrap_or_default()
}

/// Where a service manager keeps the state, else the platform's folder for a user's data.
fn data_folder() -> Option<PathBuf> {
    let var = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    var("STATE_DIRECTORY")
        .or_else(|| var("XDG_DATA_HOME").map(|d| d.join("pep-relay")))
        .or_else(|| var("LOCALAPPDATA").map(|d| d.join("pep-relay")))
        .or_else(|| var("HOME").map(|d| d.join(".local/share/pep-relay")))
}

/// The one thing that `said` names: by its id, by an exact name, or by the beginning of its id.
fn find<'a>(what: &str, said: &str, among: impl Iterator<Item = (gate::Id, &'a str)>) -> Result<gate::Id, Error> {
    let plain = |text: &str| text.replace('-', "").to_lowercase();
    let wanted = plain(said);
    let among: Vec<(gate::Id, &str)> = among.collect();
    let named: Vec<gate::Id> = among.iter().filter(|(_, name)| *name == said).map(|(id, _)| *id).collect();
    let hex = wanted.len() >= PREFIX_MIN && wanted.chars().all(|c| c.is_ascii_hexdigit());
    let begins = |id: &gate::Id| hex && plain(&text(id)).starts_with(&wanted);
    let found = match named.is_empty() {
        false => named,
        true => among.iter().filter(|(id, _)| begins(id)).map(|(id, _)| *id).collect(),
    };
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Error::Find(format!(
            "There is no {what} of that id or name. Give the whole name, or {PREFIX_MIN} or more characters of the id; `list` shows them."
        ))),
        _ => Err(Error::Find(format!(
            "More than one {what} answers to that. Give more characters of the id; `list` shows them."
        ))),
    }
}

/// Columns of text, as wide as they need to be.
fn columns(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max().unwrap_or(0);
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().enumerate().map(|(n, cell)| format!("{cell:<w$}", w = width(n))).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn find_child(relay: &Relay, said: &str) -> Result<gate::Id, Error> {
    find("child", said, relay.directory().children().map(|c| (c.id, c.name.as_str())))
}

fn find_person(relay: &Relay, said: &str) -> Result<gate::Id, Error> {
    find("person", said, relay.directory().people().map(|p| (p.id, p.name.as_str())))
}
