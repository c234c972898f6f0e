//! `pep open`.

use std::{
    io,
    process::{Command, Stdio},
};

use crate::{commands::sync, context::Context, json::device::Opened, serve::Serving};
use participant::error::{Error, Kind};

/// Open your pages in the browser
///
/// The pages come from this device and are for you alone: nobody else on the network can reach them. While they are open,
/// this command shares every change at once, and other pep commands on the same folder work beside it; ctrl-c ends it.
/// Where the pages are served already, it opens them once more.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The port on 127.0.0.1 [default: whichever is free]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Print the address instead of opening the browser; it opens the pages once
    #[arg(long)]
    no_browser: bool,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    context.me()?;
    let app = context.app()?.clone();
    let link = app
        .open_pages(|app| Serving::start(app, args.port))
        .map_err(|e| cannot_listen(args.port, &e))?
        .ok_or_else(|| {
            Error::new(Kind::Failed, "This computer gives no random numbers, so the pages cannot be kept to yourself.")
        })?;
    if !context.own_process() {
        show(context, &args, &link);
        return Ok(());
    }
    // Before anybody can ask the pages to share: there is one line to the relay, and theirs is the one that is kept.
    context.listen()?;
    app.keep_line()?;
    show(context, &args, &link);
    context.talk("Your pages are open while this runs. ctrl-c ends it; nothing is lost by that.");
    let ended = sync::stay(context, &app);
    app.close_pages();
    ended
}

fn show(context: &mut Context, args: &Args, link: &str) {
    if context.global.json {
        context.json(&Opened { url: link.to_owned() });
    } else if args.no_browser || browse(link).is_err() {
        context.data(link);
    }
}

/// Has the system open an address in the person's browser.
fn browse(link: &str) -> io::Result<()> {
    let mut command = if cfg!(windows) {
        let mut command = Command::new("rundll32");
        command.arg("url.dll,FileProtocolHandler");
        command
    } else if cfg!(target_os = "macos") {
        Command::new("open")
    } else {
        Command::new("xdg-open")
    };
    command.arg(link).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map(drop)
}

fn cannot_listen(port: u16, e: &io::Error) -> Error {
    match e.kind() {
        io::ErrorKind::AddrInUse => Error::new(Kind::Failed, format!("Another program uses port {port} already."))
            .hint("Name another one with --port, or leave it out and have a free one chosen."),
        _ => Error::new(Kind::Failed, format!("This computer does not let pep show pages ({e})."))
            .hint("Try another port with --port, above 1024."),
    }
}
