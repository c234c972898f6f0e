//! `pep process`.

use std::path::PathBuf;

use plan::{Process, processes};
use serde_json::{Value, json};

use crate::{
    context::Context,
    error::{CommandError, Kind},
};

/// The processes a PEP can follow: which pages, whose questions, which rules
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List them
    List,
    /// Show the pages and questions of one
    Show {
        /// Its id, such as sections
        id: String,
    },
    /// Check the file of a process; says the line and the reason where it cannot be used
    Check {
        /// The file
        file: PathBuf,
    },
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), CommandError> {
    match args.verb {
        Verb::List => list(context),
        Verb::Show { id } => show(context, &id),
        Verb::Check { file } => check(context, &file),
    }
}

fn list(context: &mut Context) -> Result<(), CommandError> {
    if context.global.json {
        context.json(&processes().iter().map(about).collect());
        return Ok(());
    }
    for process in processes() {
        context.data(format!("{}  version {}  {} ({})", process.id, process.version, process.name, process.code));
    }
    Ok(())
}

fn show(context: &mut Context, id: &str) -> Result<(), CommandError> {
    let newest = processes().iter().filter(|process| process.id == id).max_by_key(|process| process.version);
    let Some(process) = newest else {
        return Err(
            CommandError::new(Kind::Failed, "There is no process of that name.").hint("`pep process list` shows them.")
        );
    };
    if context.global.json {
        let mut json = about(process);
        let pages = process.pages.iter().map(|page| {
            let questions: Vec<&str> = page.questions.iter().map(|q| q.id.as_str()).collect();
            json!({ "id": page.id, "title": page.title, "owner": page.owner.to_string(), "questions": questions })
        });
        json["pages"] = pages.collect();
        context.json(&json);
        return Ok(());
    }
    context.data(format!("{} ({}), version {}", process.name, process.code, process.version));
    for page in &process.pages {
        context.data(format!("\n{}. {} - {}", page.id, page.title, page.owner.label().to_lowercase()));
        for question in &page.questions {
            context.data(format!("  {}  {}", question.id, question.label));
        }
    }
    Ok(())
}

fn check(context: &mut Context, file: &std::path::Path) -> Result<(), CommandError> {
    let text = std::fs::read_to_string(context.path(file)).map_err(|e| {
        CommandError::new(Kind::Failed, format!("The file {} could not be read ({e}).", file.display()))
    })?;
    let process =
        Process::parse(&text).map_err(|bad| CommandError::new(Kind::Findings, format!("{}: {bad}", file.display())))?;
    if context.global.json {
        context.json(&about(&process));
    }
    context.talk(format!("{} version {} can be used.", process.id, process.version));
    Ok(())
}

fn about(process: &Process) -> Value {
    json!({
        "id": process.id,
        "version": process.version,
        "code": process.code,
        "name": process.name,
        "effectiveFrom": process.effective_from.to_string(),
    })
}
