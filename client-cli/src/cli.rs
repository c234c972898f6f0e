//! The words of `pep`: what clap reads, and from what help and completions are made.

use clap::{ColorChoice, CommandFactory, Parser, Subcommand};

use crate::{
    commands::{
        amend, backup, check, child, comment, complete, completions, confirm, conflicts, contacts, delegate, demo,
        device, diff, doctor, due, export, give_back, hand_over, held, history, import, join, list, meeting,
        move_version, new, news, open, passphrase, pin, private, process, quality, resolve, restore, row, set, show,
        sign_off, status, sync, target, tasks, team, unseal, whoami, withdraw, write,
    },
    context::Context,
    global::{Global, Seals},
};
use participant::error::Error;

/// Personal Education Plans that you write together, with or without a connection.
///
/// Everything you enter is saved on this device first, and shared with the others of the child's team at the next
/// `pep sync`. Two people who write in one answer are merged; two people who choose differently see both choices.
#[derive(Debug, Parser)]
#[command(
    name = "pep",
    version,
    color = ColorChoice::Never,
    infer_subcommands = false,
    arg_required_else_help = true,
    after_help = "To look around without anything to set up: pep demo --check\nTo begin: pep join LINK, with the link the Virtual School sent you; then pep sync, and pep list.\n\nExit codes: 0 done, 1 failed, 2 not understood, 3 not permitted, 4 relay unreachable, 5 checks found something, 6 a person must choose, 7 store locked or damaged."
)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands, a line each.
#[derive(Debug, Subcommand)]
#[allow(missing_docs)] // each is documented where its words are, in its own file
pub enum Command {
    Demo(demo::Args),
    Join(join::Args),
    Whoami(whoami::Args),
    Child(child::Args),
    HandOver(hand_over::Args),
    Delegate(delegate::Args),
    Team(team::Args),
    Contacts(contacts::Args),
    Device(device::Args),
    New(new::Args),
    Amend(amend::Args),
    Withdraw(withdraw::Args),
    Move(move_version::Args),
    List(list::Args),
    Tasks(tasks::Args),
    News(news::Args),
    Due(due::Args),
    Show(show::Args),
    Set(set::Args),
    Write(write::Args),
    Row(row::Args),
    Target(target::Args),
    Comment(comment::Args),
    Check(check::Args),
    Confirm(confirm::Args),
    Complete(complete::Args),
    Quality(quality::Args),
    Return(give_back::Args),
    SignOff(sign_off::Args),
    Meeting(Box<meeting::Args>),
    Conflicts(conflicts::Args),
    Resolve(resolve::Args),
    History(history::Args),
    Diff(diff::Args),
    Status(status::Args),
    Sync(sync::Args),
    Open(open::Args),
    Pin(pin::Args),
    Private(private::Args),
    Held(held::Args),
    Export(export::Args),
    Import(import::Args),
    Unseal(unseal::Args),
    Process(process::Args),
    Passphrase(passphrase::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    Doctor(doctor::Args),
    Completions(completions::Args),
}

/// What a command needs before it can begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing of this device's.
    Nothing,
    /// The home folder.
    Home,
    /// The home folder, and what is piped in.
    HomeAndInput,
    /// The home folder, and one line that is typed or piped in.
    HomeAndLine,
}

impl Command {
    /// The sealed file that this reads or writes.
    pub fn seals(&self) -> Option<Seals<'_>> {
        match self {
            Command::Export(args) => args.seals(),
            Command::Import(args) => args.seals(),
            _ => None,
        }
    }

    /// What the command needs before it can begin.
    pub fn needs(&self) -> Needs {
        match self {
            Command::Demo(_)
            | Command::Restore(_)
            | Command::Unseal(_)
            | Command::Process(_)
            | Command::Completions(_) => Needs::Nothing,
            Command::Write(args) if args.reads_input() => Needs::HomeAndInput,
            Command::Pin(_) => Needs::HomeAndLine,
            _ => Needs::Home,
        }
    }

    /// Carries the command out.
    pub fn run(self, context: &mut Context) -> Result<(), Error> {
        match self {
            Command::Demo(args) => demo::run(context, args),
            Command::Join(args) => join::run(context, args),
            Command::Whoami(args) => whoami::run(context, args),
            Command::Child(args) => child::run(context, args),
            Command::HandOver(args) => hand_over::run(context, args),
            Command::Delegate(args) => delegate::run(context, args),
            Command::Team(args) => team::run(context, args),
            Command::Contacts(args) => contacts::run(context, args),
            Command::Device(args) => device::run(context, args),
            Command::New(args) => new::run(context, args),
            Command::Amend(args) => amend::run(context, args),
            Command::Withdraw(args) => withdraw::run(context, args),
            Command::Move(args) => move_version::run(context, args),
            Command::List(args) => list::run(context, args),
            Command::Tasks(args) => tasks::run(context, args),
            Command::News(args) => news::run(context, args),
            Command::Due(args) => due::run(context, args),
            Command::Show(args) => show::run(context, args),
            Command::Set(args) => set::run(context, args),
            Command::Write(args) => write::run(context, args),
            Command::Row(args) => row::run(context, args),
            Command::Target(args) => target::run(context, args),
            Command::Comment(args) => comment::run(context, args),
            Command::Check(args) => check::run(context, args),
            Command::Confirm(args) => confirm::run(context, args),
            Command::Complete(args) => complete::run(context, args),
            Command::Quality(args) => quality::run(context, args),
            Command::Return(args) => give_back::run(context, args),
            Command::SignOff(args) => sign_off::run(context, args),
            Command::Meeting(args) => meeting::run(context, *args),
            Command::Conflicts(args) => conflicts::run(context, args),
            Command::Resolve(args) => resolve::run(context, args),
            Command::History(args) => history::run(context, args),
            Command::Diff(args) => diff::run(context, args),
            Command::Status(args) => status::run(context, args),
            Command::Sync(args) => sync::run(context, args),
            Command::Open(args) => open::run(context, args),
            Command::Pin(args) => pin::run(context, args),
            Command::Private(args) => private::run(context, args),
            Command::Held(args) => held::run(context, args),
            Command::Export(args) => export::run(context, args),
            Command::Import(args) => import::run(context, args),
            Command::Unseal(args) => unseal::run(context, args),
            Command::Process(args) => process::run(context, args),
            Command::Passphrase(args) => passphrase::run(context, args),
            Command::Backup(args) => backup::run(context, args),
            Command::Restore(args) => restore::run(context, args),
            Command::Doctor(args) => doctor::run(context, args),
            Command::Completions(args) => completions::run(context, args, Cli::command()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_says_what_it_does() {
        for command in Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
        }
    }
}
