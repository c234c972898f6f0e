//! What there is: edits, functions of `participant` that write or make an edit, commands, and forms, as the code says them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use clap::CommandFactory;
use client_cli::cli::Cli;
use syn::{
    Expr, ExprCall, ExprMatch, ExprMethodCall, File, ImplItem, ImplItemFn, Item, ItemFn, Lit, Member, Pat, Type,
    Visibility,
    spanned::Spanned,
    visit::{self, Visit},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Rust files at or below a folder of the house, by their paths in it.
pub fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut left = vec![root().join(folder)];
    while let Some(at) = left.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let code = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(root()).unwrap().to_string_lossy().into_owned(), code));
            }
        }
    }
    found.sort();
    found
}

fn parsed(path: &str) -> File {
    syn::parse_file(&fs::read_to_string(root().join(path)).unwrap()).unwrap()
}

/// Every kind of edit: `Edit::Choose`.
pub fn edits() -> BTreeSet<String> {
    let file = parsed("crates/plan/src/record/edit.rs");
    let edit = file.items.iter().find_map(|item| match item {
        Item::Enum(found) if found.ident == "Edit" => Some(found),
        _ => None,
    });
    edit.unwrap().variants.iter().map(|variant| format!("Edit::{}", variant.ident)).collect()
}

/// Every command, with the words that lead to it: `pep row add`.
pub fn commands() -> BTreeSet<String> {
    fn leaves(command: &clap::Command, words: &str, found: &mut BTreeSet<String>) {
        let words = format!("{words} {}", command.get_name()).trim().to_owned();
        let mut within = command.get_subcommands().filter(|command| command.get_name() != "help").peekable();
        if within.peek().is_none() {
            found.insert(words.clone());
        }
        within.for_each(|command| leaves(command, &words, found));
    }
    let mut found = BTreeSet::new();
    leaves(&Cli::command(), "", &mut found);
    assert!(found.len() > 30, "{found:?}");
    found
}

/// A function of `participant`: how it is named, who may call it, and whom it calls.
struct Function {
    /// `rows::add`, or `.keep` of a method.
    key: String,
    /// `rows::add`, or `settings::Settings::keep`.
    name: String,
    public: bool,
    makes_edits: bool,
    /// It is given a device, or who asks of one.
    has_device: bool,
    calls: BTreeSet<String>,
}

/// Every public function of `participant` that writes, or makes an edit that somebody else writes: `rows::add`. Methods of a device are
/// what they are made of.
pub fn use_cases() -> BTreeSet<String> {
    let (mut functions, mut writes) = (Vec::new(), BTreeSet::new());
    for (path, code) in sources("crates/participant/src") {
        let inside = path.strip_prefix("crates/participant/src/").unwrap();
        let module = Path::new(inside).file_stem().unwrap().to_string_lossy().into_owned();
        let of_device = inside.starts_with("device");
        for item in syn::parse_file(&code).unwrap().items {
            match item {
                Item::Fn(function) if !of_device => functions.push(free(&module, &function)),
                Item::Impl(block) if block.trait_.is_none() => {
                    let Type::Path(of) = &*block.self_ty else { continue };
                    let of = of.path.segments.last().unwrap().ident.to_string();
                    for item in block.items {
                        let ImplItem::Fn(method) = item else { continue };
                        match of_device {
                            true if of == "Device" && Touches::replica(&method) => {
                                writes.insert(format!(".{}", method.sig.ident));
                            }
                            true => {}
                            false => functions.push(within(&module, &of, &method)),
                        }
                    }
                }
                _ => {}
            }
        }
    }
    // Joining is the host's to ask for, and lists of words are joined everywhere.
    writes.remove(".join");
    assert!(writes.contains(".edit") && writes.contains(".sign") && writes.contains(".keep"), "{writes:?}");
    loop {
        let more: BTreeSet<String> = functions
            .iter()
            .filter(|function| !function.calls.is_disjoint(&writes))
            .map(|function| function.key.clone())
            .collect();
        let before = writes.len();
        writes.extend(more);
        if writes.len() == before {
            break;
        }
    }
    let mut found: BTreeSet<String> = BTreeSet::new();
    let wanted = |function: &&Function| {
        function.public && (function.makes_edits || (function.has_device && writes.contains(&function.key)))
    };
    found.extend(functions.iter().filter(wanted).map(|function| function.name.clone()));
    assert!(found.len() > 20, "{found:?}");
    found
}

fn free(module: &str, function: &ItemFn) -> Function {
    let name = format!("{module}::{}", function.sig.ident);
    let mut calls = Calls { module, found: BTreeSet::new() };
    calls.visit_block(&function.block);
    Function {
        key: name.clone(),
        name,
        public: matches!(function.vis, Visibility::Public(_)),
        makes_edits: says(&function.sig.output, "Edit"),
        has_device: function.sig.inputs.iter().any(|input| says(input, "Device")),
        calls: calls.found,
    }
}

fn within(module: &str, of: &str, method: &ImplItemFn) -> Function {
    let mut calls = Calls { module, found: BTreeSet::new() };
    calls.visit_block(&method.block);
    Function {
        key: format!(".{}", method.sig.ident),
        name: format!("{module}::{of}::{}", method.sig.ident),
        public: matches!(method.vis, Visibility::Public(_)),
        makes_edits: says(&method.sig.output, "Edit"),
        has_device: method.sig.inputs.iter().any(|input| says(input, "Device")),
        calls: calls.found,
    }
}

/// Whether a name is among what a signature says.
fn says(part: &impl Spanned, name: &str) -> bool {
    let text = part.span().source_text().unwrap_or_default();
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name)
}

/// Whom a body calls: `rows::add` of a function, `.edit` of a method.
struct Calls<'a> {
    module: &'a str,
    found: BTreeSet<String>,
}

impl<'a> Visit<'a> for Calls<'_> {
    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        if let Expr::Path(path) = &*call.func {
            let all: Vec<String> = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.found.insert(match all.as_slice() {
                [only] => format!("{}::{only}", self.module),
                [.., of, name] if of.starts_with(char::is_uppercase) || of == "self" => match of.as_str() {
                    "self" => format!("{}::{name}", self.module),
                    _ => format!(".{name}"),
                },
                [.., of, name] => format!("{of}::{name}"),
                [] => String::new(),
            });
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        self.found.insert(format!(".{}", call.method));
        visit::visit_expr_method_call(self, call);
    }
}

/// Whether a method of the device writes in its replica.
struct Touches(bool);

impl Touches {
    const VERBS: [&str; 6] = ["write", "stage_write", "set_fact", "start", "erase", "offer"];

    fn replica(method: &ImplItemFn) -> bool {
        let mut touches = Touches(false);
        touches.visit_block(&method.block);
        touches.0
    }
}

impl<'a> Visit<'a> for Touches {
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        let on_replica = |on: &Expr| {
            let mut on = on;
            while let Expr::Paren(inner) = on {
                on = &inner.expr;
            }
            matches!(on, Expr::Field(field) if matches!(&field.member, Member::Named(name) if name == "replica"))
        };
        self.0 |= on_replica(&call.receiver) && Self::VERBS.iter().any(|verb| call.method == verb);
        visit::visit_expr_method_call(self, call);
    }
}

/// Every address of the pages that takes a form: `POST /pep/*/comments/*`.
pub fn forms() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let files = [
        ("crates/pages/src/routes.rs", ""),
        ("crates/pages/src/child_mode.rs", "/views"),
        ("crates/pages/src/locked.rs", ""),
    ];
    for (path, prefix) in files {
        let mut functions: BTreeMap<String, ItemFn> = BTreeMap::new();
        for item in parsed(path).items {
            if let Item::Fn(function) = item {
                functions.insert(function.sig.ident.to_string(), function);
            }
        }
        for (name, function) in &functions {
            let prefix = match name.as_str() {
                "within" => "/pep/*",
                "of" => prefix,
                "outcome" | "answer" => "",
                _ => continue,
            };
            let mut arms = Arms(Vec::new());
            arms.visit_block(&function.block);
            // Behind this arm there is nothing that takes a form.
            let last =
                arms.0.iter().position(|(pattern, guard, _)| pattern.is_none() && guard.starts_with("request.post"));
            for (pattern, guard, body) in arms.0.iter().take(last.unwrap_or(usize::MAX)) {
                let Some(pattern) = pattern else { continue };
                let only_shown = body.contains("only_shown") || guard.starts_with("!request.post");
                let elsewhere = ["of_plan", "AtLock::Answered(Reply::Go", "AtLock::Answered(home"];
                let goes_on = elsewhere.iter().any(|call| body.contains(call))
                    || body.starts_with("of_child(turn, request, child_mode");
                let asks = body.contains("request") || guard.contains("request") || body.contains("Intent");
                if !only_shown && !goes_on && asks {
                    found.insert(format!("POST {prefix}{pattern}"));
                }
            }
        }
    }
    // Not in a table: it is asked for before the plan can be read.
    let child_mode = fs::read_to_string(root().join("crates/pages/src/child_mode.rs")).unwrap();
    assert!(child_mode.contains("if rest == [\"leave\"]"));
    found.insert("POST /views/leave".to_owned());
    assert!(found.len() > 20, "{found:?}");
    found
}

/// The arms of matches on an address: its pieces, the guard and the body; without pieces where it is none of these.
struct Arms(Vec<(Option<String>, String, String)>);

impl<'a> Visit<'a> for Arms {
    fn visit_expr_match(&mut self, found: &'a ExprMatch) {
        for arm in &found.arms {
            let (pattern, guard) = match &arm.pat {
                Pat::Guard(guarded) => (&*guarded.pat, said(&guarded.guard)),
                pattern => (pattern, String::new()),
            };
            let pattern = match pattern {
                Pat::Slice(slice) => {
                    let pieces: Vec<String> = slice.elems.iter().map(piece).collect();
                    Some(if pieces.is_empty() { String::new() } else { format!("/{}", pieces.join("/")) })
                }
                Pat::Wild(_) => None,
                _ => continue,
            };
            self.0.push((pattern, guard, said(&arm.body)));
        }
    }
}

fn piece(pattern: &Pat) -> String {
    match pattern {
        Pat::Lit(literal) => match &literal.lit {
            Lit::Str(word) => word.value(),
            _ => "*".to_owned(),
        },
        Pat::Rest(_) => "**".to_owned(),
        Pat::Ident(named) if named.subpat.as_ref().is_some_and(|(_, sub)| matches!(**sub, Pat::Rest(_))) => {
            "**".to_owned()
        }
        _ => "*".to_owned(),
    }
}

/// An expression as its file says it, on one line.
fn said(expr: &Expr) -> String {
    let text = expr.span().source_text().expect("a file that was read");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
