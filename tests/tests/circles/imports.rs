//! Which files of a crate import each other, and in which circles.
//!
//! A file imports another where it says a name that is defined there: in `use`, in a path in the code (`crate::a::b(…)`, `super::x`)
//! and inside the words of a macro, through any number of `pub use`. The way there does not count: who says `crate::a::b::c` imports
//! the file that defines `c`, not those of `a` and `b`; a child that says `super::sibling::x` does not import its parent, only one that
//! says what the parent itself defines; and a `pub use` is a signpost, which imports nothing unless the file's own code says the name,
//! too. `use m::*` imports what is used by its name, and the file of `m` where that defines anything. Methods and fields are no
//! imports: nobody has to name the file they come from. Tests are left out, and so are their lines.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{
    Attribute, Block, Expr, ExprLit, ImplItem, Item, Lit, Macro, Meta, Signature, TraitItem, UseTree, Visibility,
    punctuated::Punctuated, spanned::Spanned, token::Comma, visit, visit::Visit,
};

/// The files of one crate, the root first.
pub struct Crate {
    /// All of them but those of tests.
    pub files: Vec<File>,
}

/// One file of a crate.
pub struct File {
    /// Where it is, as the crate's root was named.
    pub path: String,
    /// Its lines without those of tests.
    pub lines: usize,
    /// The files it imports, by their place in [`Crate::files`], with the names it says.
    pub imports: BTreeMap<usize, BTreeSet<String>>,
    /// What it can do, without tests.
    pub functions: Vec<Function>,
}

/// A function with a body.
pub struct Function {
    /// Its name.
    pub name: String,
    /// Where its signature begins.
    pub line: usize,
    /// From there to the end of its body.
    pub lines: usize,
}

/// Files of which each imports every other, straight or by way of others.
pub struct Circle {
    /// Their places in [`Crate::files`].
    pub files: BTreeSet<usize>,
    /// Their lines together.
    pub lines: usize,
}

impl Crate {
    /// Reads a crate from its root file on; `file` gives a file's text where there is one.
    pub fn read(root: &str, file: &dyn Fn(&str) -> Option<String>) -> Result<Crate, String> {
        let mut reader = Reader {
            file,
            files: Vec::new(),
            modules: Vec::new(),
            macros: BTreeMap::new(),
            at: 0,
            depth: 0,
            unread: None,
        };
        reader.module(None, root, beside(root, ""))?;
        if let Some(why) = reader.unread {
            return Err(why);
        }
        for module in 0..reader.modules.len() {
            reader.import(module);
        }
        Ok(Crate { files: reader.files })
    }

    /// The same from a disk, with the paths of files as seen from `folder`.
    pub fn on_disk(folder: &Path, root: &str) -> Result<Crate, String> {
        Crate::read(root, &|path| fs::read_to_string(folder.join(path)).ok())
    }

    /// Its lines.
    pub fn lines(&self) -> usize {
        self.files.iter().map(|file| file.lines).sum()
    }

    /// Its circles, the one of the most lines first.
    pub fn circles(&self) -> Vec<Circle> {
        let reached: Vec<BTreeSet<usize>> = (0..self.files.len()).map(|from| self.reached(from)).collect();
        let mut circles = BTreeMap::new();
        for (from, all) in reached.iter().enumerate().filter(|(from, all)| all.contains(from)) {
            let files: BTreeSet<usize> = all.iter().copied().filter(|to| reached[*to].contains(&from)).collect();
            let lines = files.iter().map(|file| self.files[*file].lines).sum();
            circles.insert(files.first().copied(), Circle { files, lines });
        }
        let mut circles: Vec<Circle> = circles.into_values().collect();
        circles.sort_by_key(|circle| std::cmp::Reverse(circle.lines));
        circles
    }

    /// How much of it stands in its biggest circle, in hundredths of its lines.
    pub fn share(&self) -> f64 {
        let lines = self.circles().first().map_or(0, |circle| circle.lines);
        100.0 * lines as f64 / self.lines().max(1) as f64
    }

    /// Functions of more than so many lines, with their files.
    pub fn functions_over(&self, lines: usize) -> Vec<(&File, &Function)> {
        let all = self.files.iter().flat_map(|file| file.functions.iter().map(move |function| (file, function)));
        all.filter(|(_, function)| function.lines > lines).collect()
    }

    /// Every file that one leads to, itself only where a way leads back.
    fn reached(&self, from: usize) -> BTreeSet<usize> {
        let (mut found, mut left) = (BTreeSet::new(), vec![from]);
        while let Some(file) = left.pop() {
            left.extend(self.files[file].imports.keys().copied().filter(|to| found.insert(*to)));
        }
        found
    }
}

/// The roots of a package's library and programs that are there, as seen from the folder above it.
pub fn roots(folder: &Path, package: &str) -> Vec<String> {
    let programs = fs::read_dir(folder.join(package).join("src/bin")).into_iter().flatten();
    let mut programs: Vec<String> =
        programs.flatten().map(|entry| format!("bin/{}", entry.file_name().to_string_lossy())).collect();
    programs.sort();
    let all = ["lib.rs".to_owned(), "main.rs".to_owned()].into_iter().chain(programs);
    all.map(|root| format!("{package}/src/{root}")).filter(|root| folder.join(root).is_file()).collect()
}

/// The packages of the house, from its own folder.
pub fn packages(folder: &Path) -> Vec<String> {
    let rooms = fs::read_dir(folder.join("crates")).into_iter().flatten().flatten();
    let mut packages: Vec<String> =
        rooms.map(|room| format!("crates/{}", room.file_name().to_string_lossy())).collect();
    packages.extend(["client-cli", "sync-server", "tests"].map(str::to_owned));
    packages.retain(|package| folder.join(package).join("Cargo.toml").is_file());
    packages.sort();
    packages
}

type Names = Vec<String>;

/// A module as its file says it, before it is known what the names mean.
struct Module {
    file: usize,
    parent: Option<usize>,
    /// Where the files of its own modules lie.
    folder: String,
    children: BTreeMap<String, usize>,
    defined: BTreeSet<String>,
    /// What `use` calls by which name, also inside functions.
    uses: Vec<Use>,
    /// `use m::*`; these have no name.
    globs: Vec<Use>,
    /// Every path that the code says.
    said: BTreeSet<Names>,
}

struct Use {
    name: String,
    path: Names,
    /// `pub use`: for others.
    signpost: bool,
}

/// What a name leads to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Module(usize),
    /// An item, by the file that defines it.
    Item(usize),
}

impl Target {
    fn file(self) -> Option<usize> {
        match self {
            Target::Module(_) => None,
            Target::Item(file) => Some(file),
        }
    }

    fn module(self) -> Option<usize> {
        match self {
            Target::Module(module) => Some(module),
            Target::Item(_) => None,
        }
    }
}

/// A `use` on the way to a name: the module, and whether it is a glob, and which of them. None is followed inside itself.
type Step = (usize, bool, usize);

struct Reader<'a> {
    file: &'a dyn Fn(&str) -> Option<String>,
    files: Vec<File>,
    modules: Vec<Module>,
    /// The files of `macro_rules`, which are called without a path.
    macros: BTreeMap<String, usize>,
    /// The module that is read.
    at: usize,
    /// How many items stand round what is read.
    depth: usize,
    /// Why a file could not be read.
    unread: Option<String>,
}

/// First what the files say.
impl Reader<'_> {
    fn module(&mut self, parent: Option<usize>, path: &str, folder: String) -> Result<usize, String> {
        let text = (self.file)(path).ok_or_else(|| format!("{path} is not there"))?;
        let parsed = syn::parse_file(&text).map_err(|e| format!("{path}:{}: {e}", e.span().start().line))?;
        let file = self.files.len();
        self.files.push(File {
            path: path.to_owned(),
            lines: text.lines().count(),
            imports: BTreeMap::new(),
            functions: Vec::new(),
        });
        let module = self.begin(parent, file, folder);
        self.inside(module, &parsed.items);
        Ok(module)
    }

    fn begin(&mut self, parent: Option<usize>, file: usize, folder: String) -> usize {
        self.modules.push(Module {
            file,
            parent,
            folder,
            children: BTreeMap::new(),
            defined: BTreeSet::new(),
            uses: Vec::new(),
            globs: Vec::new(),
            said: BTreeSet::new(),
        });
        self.modules.len() - 1
    }

    fn inside(&mut self, module: usize, items: &[Item]) {
        let (at, depth) = (std::mem::replace(&mut self.at, module), std::mem::replace(&mut self.depth, 0));
        items.iter().for_each(|item| self.visit_item(item));
        (self.at, self.depth) = (at, depth);
    }

    fn here(&mut self) -> &mut Module {
        &mut self.modules[self.at]
    }

    /// Takes the lines of a test from those of its file.
    fn leave_out(&mut self, test: Span) {
        let file = self.here().file;
        let lines = &mut self.files[file].lines;
        *lines = lines.saturating_sub(test.end().line - test.start().line + 1);
    }

    fn used(&mut self, signpost: bool, before: &[String], tree: &UseTree) {
        let with = |name: String| before.iter().cloned().chain([name]).collect::<Names>();
        let (path, name) = match tree {
            UseTree::Path(path) => return self.used(signpost, &with(path.ident.to_string()), &path.tree),
            UseTree::Group(group) => return group.items.iter().for_each(|tree| self.used(signpost, before, tree)),
            UseTree::Glob(_) => {
                let path = before.to_vec();
                return self.here().globs.push(Use { name: String::new(), path, signpost });
            }
            UseTree::Name(name) => (with(name.ident.to_string()), name.ident.to_string()),
            UseTree::Rename(name) => (with(name.ident.to_string()), name.rename.to_string()),
        };
        // `a::{self}` is `a`.
        let (path, name) = match (path.split_last(), before.last()) {
            (Some((last, rest)), Some(parent)) if last == "self" => {
                (rest.to_vec(), if name == "self" { parent.clone() } else { name })
            }
            _ => (path, name),
        };
        self.here().uses.push(Use { name, path, signpost });
    }

    fn tokens(&mut self, tokens: TokenStream) {
        let mut said = BTreeSet::new();
        paths(tokens, &mut said);
        self.here().said.extend(said);
    }

    fn function(&mut self, signature: &Signature, body: &Block) {
        let line = signature.span().start().line;
        let lines = body.brace_token.span.close().end().line - line + 1;
        let file = self.here().file;
        self.files[file].functions.push(Function { name: signature.ident.to_string(), line, lines });
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name) = about(item);
        if for_tests(attributes) {
            return self.leave_out(item.span());
        }
        if self.depth == 0 {
            self.here().defined.extend(name);
        }
        self.depth += 1;
        visit::visit_item(self, item);
        self.depth -= 1;
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let (name, parent) = (module.ident.to_string(), self.at);
        let folder = format!("{}{name}/", self.here().folder);
        let child = match &module.content {
            Some((_, items)) => {
                let file = self.here().file;
                let child = self.begin(Some(parent), file, folder);
                self.inside(child, items);
                Ok(child)
            }
            None => {
                let file = self.here().file;
                let path = match named_path(&module.attrs) {
                    Some(path) => beside(&self.files[file].path, &path),
                    None => format!("{}{name}.rs", self.here().folder),
                };
                let path = if (self.file)(&path).is_some() { path } else { format!("{folder}mod.rs") };
                self.module(Some(parent), &path, folder)
            }
        };
        match child {
            Ok(child) => {
                self.here().children.insert(name, child);
            }
            Err(why) => self.unread = Some(why),
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_none() {
            self.used(!matches!(item.vis, Visibility::Inherited), &[], &item.tree);
        }
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        if let Some(name) = &item.ident {
            let file = self.here().file;
            self.macros.insert(name.to_string(), file);
        }
        visit::visit_item_macro(self, item);
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            ImplItem::Macro(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if for_tests(attributes) {
            return self.leave_out(item.span());
        }
        if let ImplItem::Fn(function) = item {
            self.function(&function.sig, &function.block);
        }
        visit::visit_impl_item(self, item);
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        if let TraitItem::Fn(function) = item
            && let Some(body) = &function.default
        {
            self.function(&function.sig, body);
        }
        visit::visit_trait_item(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.here().said.insert(names);
        }
        visit::visit_path(self, path);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        // `#[arg(value_parser = crate::days::parse)]`
        if let Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        visit::visit_macro(self, called);
        self.tokens(called.tokens.clone());
    }
}

/// Then what the names mean.
impl Reader<'_> {
    fn import(&mut self, module: usize) {
        let Module { file: here, uses, globs, said, .. } = &self.modules[module];
        let (here, mut found) = (*here, Vec::new());
        let used = uses.iter().filter(|found| !found.signpost).map(|found| &found.path);
        for path in used.chain(said) {
            for file in self.defined_in(module, path) {
                // Of `Kind::One` the file defines `Kind`.
                let upto = (1..path.len()).find(|n| self.defined_in(module, &path[..*n]).contains(&file));
                found.push((file, path[upto.unwrap_or(path.len()) - 1].clone()));
            }
        }
        for Use { path, .. } in globs.iter().filter(|found| !found.signpost) {
            for target in self.meant(module, path, &mut Vec::new()) {
                let all = path.last().map_or(String::new(), |last| format!("{last}::*"));
                match target {
                    Target::Item(file) => found.push((file, all)),
                    Target::Module(named) if self.modules[named].defined.is_empty() => {}
                    Target::Module(named) => found.push((self.modules[named].file, all)),
                }
            }
        }
        for (file, name) in found.into_iter().filter(|(file, _)| *file != here) {
            self.files[here].imports.entry(file).or_default().insert(name);
        }
    }

    /// The files that define what a path in a module says.
    fn defined_in(&self, module: usize, path: &[String]) -> BTreeSet<usize> {
        let meant = self.meant(module, path, &mut Vec::new());
        let mut files: BTreeSet<usize> = meant.iter().filter_map(|target| target.file()).collect();
        if let ([name], true) = (path, meant.is_empty()) {
            files.extend(self.macros.get(name));
        }
        files
    }

    /// What a path in a module leads to. A path through an enum or a type ends at it.
    fn meant(&self, module: usize, path: &[String], way: &mut Vec<Step>) -> BTreeSet<Target> {
        let Some((first, rest)) = path.split_first() else { return BTreeSet::new() };
        let above = |module: usize| self.modules[module].parent.map(Target::Module).into_iter().collect();
        let mut found: BTreeSet<Target> = match first.as_str() {
            "crate" => BTreeSet::from([Target::Module(0)]),
            "self" => BTreeSet::from([Target::Module(module)]),
            "super" => above(module),
            name => self.named(module, name, way),
        };
        for name in rest {
            let next = found.into_iter().flat_map(|target| match target {
                Target::Item(_) => BTreeSet::from([target]),
                Target::Module(module) if name == "super" => above(module),
                Target::Module(module) => self.named(module, name, way),
            });
            found = next.collect();
        }
        found
    }

    /// What a name in a module leads to: one name may be a module, a function and a type at once.
    fn named(&self, module: usize, name: &str, way: &mut Vec<Step>) -> BTreeSet<Target> {
        let Module { file, children, defined, uses, globs, .. } = &self.modules[module];
        let mut found: BTreeSet<Target> = children.get(name).map(|child| Target::Module(*child)).into_iter().collect();
        found.extend(defined.contains(name).then_some(Target::Item(*file)));
        for (n, Use { path, .. }) in uses.iter().enumerate().filter(|(_, found)| found.name == name) {
            found.extend(self.followed((module, false, n), way, |way| self.meant(module, path, way)));
        }
        if found.is_empty() {
            for (n, Use { path, .. }) in globs.iter().enumerate() {
                found.extend(self.followed((module, true, n), way, |way| {
                    let modules: Vec<usize> =
                        self.meant(module, path, way).into_iter().filter_map(Target::module).collect();
                    modules.into_iter().flat_map(|named| self.named(named, name, way)).collect()
                }));
            }
        }
        found
    }

    fn followed(
        &self,
        step: Step,
        way: &mut Vec<Step>,
        follow: impl FnOnce(&mut Vec<Step>) -> BTreeSet<Target>,
    ) -> BTreeSet<Target> {
        if way.contains(&step) {
            return BTreeSet::new();
        }
        way.push(step);
        let found = follow(way);
        way.pop();
        found
    }
}

/// An item's attributes, and the name that others can call it by.
fn about(item: &Item) -> (&[Attribute], Option<String>) {
    match item {
        Item::Const(item) => (&item.attrs, Some(item.ident.to_string())),
        Item::Enum(item) => (&item.attrs, Some(item.ident.to_string())),
        Item::ExternCrate(item) => (&item.attrs, None),
        Item::Fn(item) => (&item.attrs, Some(item.sig.ident.to_string())),
        Item::ForeignMod(item) => (&item.attrs, None),
        Item::Impl(item) => (&item.attrs, None),
        Item::Macro(item) => (&item.attrs, item.ident.as_ref().map(ToString::to_string)),
        Item::Mod(item) => (&item.attrs, None),
        Item::Static(item) => (&item.attrs, Some(item.ident.to_string())),
        Item::Struct(item) => (&item.attrs, Some(item.ident.to_string())),
        Item::Trait(item) => (&item.attrs, Some(item.ident.to_string())),
        Item::TraitAlias(item) => (&item.attrs, Some(item.ident.to_string())),
        Item::Type(item) => (&item.attrs, Some(item.ident.to_string())),
        Item::Union(item) => (&item.attrs, Some(item.ident.to_string())),
        Item::Use(item) => (&item.attrs, None),
        _ => (&[], None),
    }
}

/// What `#[path = "…"]` says.
fn named_path(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    })
}

/// A path that is said in a file, from where the file's own path begins.
fn beside(file: &str, path: &str) -> String {
    file.rsplit_once('/').map_or(path.to_owned(), |(folder, _)| format!("{folder}/{path}"))
}

/// Whether something is compiled for tests alone.
fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        path.segments.last().is_some_and(|last| last.ident == "test")
            || path.is_ident("cfg") && attribute.parse_args::<Meta>().is_ok_and(|condition| only_tests(&condition))
    })
}

fn only_tests(condition: &Meta) -> bool {
    let parts = |list: &syn::MetaList| list.parse_args_with(Punctuated::<Meta, Comma>::parse_terminated);
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => parts(list).is_ok_and(|all| all.iter().any(only_tests)),
        Meta::List(list) if list.path.is_ident("any") => parts(list).is_ok_and(|any| any.iter().all(only_tests)),
        _ => false,
    }
}

/// Every path in what is not parsed, the words of a macro: names with `::` between, that are neither a field nor a method.
fn paths(tokens: TokenStream, said: &mut BTreeSet<Names>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is = |at: Option<usize>, sign: char| {
        at.and_then(|at| tokens.get(at)).is_some_and(|t| matches!(t, TokenTree::Punct(p) if p.as_char() == sign))
    };
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let before = |n: usize| at.checked_sub(n);
        let field = is(before(1), '.') && !is(before(2), '.');
        let goes_on = is(before(1), ':') && is(before(2), ':');
        match token {
            TokenTree::Group(group) => paths(group.stream(), said),
            TokenTree::Ident(first) if !field && !goes_on => {
                let mut names = vec![first.to_string()];
                while is(Some(at + 1), ':') && is(Some(at + 2), ':') {
                    let Some(TokenTree::Ident(next)) = tokens.get(at + 3) else { break };
                    names.push(next.to_string());
                    at += 3;
                }
                said.insert(names);
            }
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each file of a made-up crate imports: `a > b` for `src/a.rs` and `src/b.rs`.
    fn imports(files: &[(&str, &str)]) -> Vec<String> {
        let read = made_up(files);
        let short = |file: &File| file.path.trim_start_matches("src/").trim_end_matches(".rs").to_owned();
        let mut found: Vec<String> = Vec::new();
        for file in &read.files {
            found.extend(file.imports.keys().map(|to| format!("{} > {}", short(file), short(&read.files[*to]))));
        }
        found.sort();
        found
    }

    fn made_up(files: &[(&str, &str)]) -> Crate {
        let files: BTreeMap<String, &str> =
            files.iter().map(|(name, text)| (format!("src/{name}.rs"), *text)).collect();
        Crate::read("src/lib.rs", &|path| files.get(path).map(|text| (*text).to_owned())).unwrap()
    }

    #[test]
    fn a_name_in_a_use_imports_the_file_that_defines_it() {
        let lib = ("lib", "mod a; mod b; mod c;");
        let b = ("b", "pub struct Leaf; pub fn leaf() {} pub enum Kind { One }");
        assert_eq!(imports(&[lib, b, ("c", ""), ("a", "use crate::b::Leaf;")]), ["a > b"]);
        assert_eq!(imports(&[lib, b, ("c", ""), ("a", "use super::b::{self, leaf as other};")]), ["a > b"]);
        assert_eq!(imports(&[lib, b, ("c", ""), ("a", "use crate::b::Kind::One;")]), ["a > b"]);
        assert_eq!(imports(&[lib, b, ("c", ""), ("a", "use crate::b::Kind::*;")]), ["a > b"]);
        // What others call the same is theirs, and naming a module imports nothing by itself.
        assert!(imports(&[lib, b, ("c", ""), ("a", "use b::Leaf; use ::c::x; use std::fs;")]).is_empty());
        assert!(imports(&[lib, b, ("c", ""), ("a", "use crate::b;")]).is_empty());
    }

    #[test]
    fn a_full_path_counts_wherever_it_is_said() {
        let says = |a: &str| {
            imports(&[("lib", "mod a; mod b;"), ("a", a), ("b", "pub fn f() {} pub struct S; pub trait T {}")])
        };
        for a in [
            "fn g() { crate::b::f() }",
            "fn g() { use crate::b; b::f() }",
            "use crate::b; fn g() { b::f() }",
            "fn g() { super::b::f() }",
            "use super::b as other; fn g() { Some(0).map(|_| other::f()); }",
            "fn g(_: &[Option<crate::b::S>]) {}",
            "struct X; impl crate::b::T for X {}",
            "fn g() { <u8 as crate::b::T>::h() }",
            "fn g() { println!(\"{}\", crate::b::f()) }",
            "fn g() { html! { p.b { (crate::b::f()) } @for x in 0..crate::b::S::MAX { b {} } } }",
            "use crate::b; fn g() { html! { p { (b::f()) } } }",
            "struct X { #[arg(value_parser = crate::b::f)] x: u8 }",
            "mod inner { fn g() { super::super::b::f() } }",
        ] {
            assert_eq!(says(a), ["a > b"], "{a}");
        }
        for a in [
            "fn g() { std::b::f() }",
            "fn g() { x.b.f() }",
            "fn g() { html! { .b { (x.b::<u8>()) } } }",
            "fn g(b: u8) { b::f() }",
        ] {
            assert!(says(a).is_empty(), "{a}");
        }
    }

    #[test]
    fn the_way_through_a_pub_use_leads_to_where_it_is_defined() {
        let files = |a: &'static str, lib: &'static str| {
            imports(&[
                ("lib", lib),
                ("a", a),
                ("b/mod", "mod deep; pub use deep::Leaf as Blade;"),
                ("b/deep", "pub struct Leaf;"),
            ])
        };
        assert_eq!(files("use crate::b::Blade;", "mod a; mod b;"), ["a > b/deep"]);
        assert_eq!(
            files("use crate::Blade;", "mod a; mod b; pub use b::*;"),
            ["a > b/deep"],
            "through a glob and a new name"
        );
        assert_eq!(files("fn f(_: crate::b::Blade) {}", "mod a; mod b;"), ["a > b/deep"]);
        // A module and a function of one name.
        let one_name =
            [("lib", "mod a; mod held; pub use held::held;"), ("a", "use crate::held;"), ("held", "pub fn held() {}")];
        assert_eq!(imports(&one_name), ["a > held"]);
        // The signpost's own file imports it where its code says the name.
        assert_eq!(files("", "mod a; mod b; pub use b::Blade; fn f(_: Blade) {}"), ["lib > b/deep"]);
    }

    #[test]
    fn a_child_imports_its_parent_where_the_parent_defines_what_it_says() {
        let files = |child: &'static str| {
            imports(&[
                ("lib", "mod a;"),
                ("a", "mod b; mod c; pub const MAX: u8 = 9; use std::fs;"),
                ("a/b", child),
                ("a/c", "pub fn f() {}"),
            ])
        };
        assert_eq!(files("use super::MAX;"), ["a/b > a"]);
        assert_eq!(files("use crate::a::MAX;"), ["a/b > a"]);
        assert_eq!(files("fn f() { super::MAX; }"), ["a/b > a"]);
        assert_eq!(files("use super::c::f;"), ["a/b > a/c"], "the way leads past the parent");
        assert_eq!(files("use super::{c, fs}; fn g() { c::f() }"), ["a/b > a/c"]);
        assert_eq!(files("mod inner { use super::super::MAX; }"), ["a/b > a"], "two up from a module inside a file");
        assert_eq!(files("mod inner { use super::super::super::a::c; fn g() { c::f() } }"), ["a/b > a/c"]);
        assert!(files("mod inner { pub struct S; } use self::inner::S; use inner::S as T;").is_empty());
    }

    #[test]
    fn a_glob_imports_what_is_used_of_it_and_the_file_it_names() {
        let files = |a: &'static str| {
            imports(&[
                ("lib", "mod a; mod b; mod c;"),
                ("a", a),
                ("b", "pub use crate::c::*; pub use std::fmt::*; pub fn f() {} pub(crate) use crate::a::*;"),
                ("c", "pub struct S; pub use crate::b::*;"),
            ])
        };
        assert_eq!(files("use crate::b::*; fn g() { f() }"), ["a > b"]);
        assert_eq!(files("use crate::b::*; fn g(_: S) {}"), ["a > b", "a > c"]);
        assert_eq!(files("use crate::b::*; fn g() { html! { p { (S) } } }"), ["a > b", "a > c"]);
    }

    #[test]
    fn a_macro_that_is_called_without_a_path_imports_its_file() {
        let files = [
            ("lib", "#[macro_use] mod a; mod b;"),
            ("a", "macro_rules! mine { () => { 1 } }"),
            ("b", "const N: u8 = mine!(); const V: &str = stringify!(x);"),
        ];
        assert_eq!(imports(&files), ["b > a"]);
    }

    #[test]
    fn tests_and_their_lines_are_left_out() {
        let a = "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    use crate::b::S;\n}\n#[test]\nfn t() { crate::b::f() }\n#[cfg(all(test, unix))]\nuse crate::b::T;\nstruct X;\nimpl X {\n    #[cfg(test)]\n    fn u() { crate::b::f() }\n}\n";
        let read =
            made_up(&[("lib", "mod a;\nmod b;\n#[cfg(test)]\nmod stories;\n"), ("a", a), ("b", "use crate::a::X;\n")]);
        assert_eq!(
            read.files.iter().map(|file| file.lines).collect::<Vec<_>>(),
            [2, 5, 1],
            "and nobody asks for stories"
        );
        assert!(read.files[1].imports.is_empty() && read.circles().is_empty());
        assert_eq!(read.files[1].functions.len(), 1);
        assert_eq!(
            imports(&[("lib", "mod a; mod b;"), ("a", "#[cfg(not(test))] use crate::b::S;"), ("b", "pub struct S;")]),
            ["a > b"]
        );
    }

    #[test]
    fn circles_are_found_with_their_lines_and_the_biggest_is_first() {
        let read = made_up(&[
            ("lib", "mod a;\nmod b;\nmod c;\nmod d;\nmod e;\n"),
            ("a", "use crate::b::B;\npub struct A;\n"),
            ("b", "use crate::a::A;\npub struct B;\n"),
            ("c", "use crate::d::D;\npub struct C;\n"),
            ("d", "use crate::e::E;\npub struct D;\n"),
            ("e", "use crate::c::C;\nuse crate::a::A;\npub struct E;\n"),
        ]);
        let circles = read.circles();
        let files = |n: usize| circles[n].files.iter().map(|file| read.files[*file].path.as_str()).collect::<Vec<_>>();
        assert_eq!((circles.len(), circles[0].lines, circles[1].lines), (2, 7, 4));
        assert_eq!((files(0), files(1)), (vec!["src/c.rs", "src/d.rs", "src/e.rs"], vec!["src/a.rs", "src/b.rs"]));
        assert_eq!((read.lines(), read.share()), (16, 43.75));
        let names = &read.files[4].imports[&5];
        assert_eq!(names.iter().collect::<Vec<_>>(), ["E"]);
    }

    #[test]
    fn a_function_is_as_long_as_from_its_signature_to_the_end_of_its_body() {
        let lib = "/// Says.\n#[must_use]\npub fn f(\n    x: u8,\n) -> u8 {\n    x\n}\nstruct S;\nimpl S {\n    fn g() {}\n}\ntrait T {\n    fn h() {\n    }\n    fn i();\n}\n";
        let read = made_up(&[("lib", lib)]);
        let found: Vec<_> = read.files[0].functions.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect();
        assert_eq!(found, [("f", 3, 5), ("g", 10, 1), ("h", 13, 2)]);
        assert_eq!(read.functions_over(2).len(), 1);
    }

    #[test]
    fn a_file_that_is_missing_or_no_rust_is_said_and_one_may_lie_elsewhere() {
        let read = |files: &[(&str, &str)]| {
            let files: BTreeMap<&str, &str> = files.iter().copied().collect();
            Crate::read("src/lib.rs", &|path| files.get(path).map(|text| (*text).to_owned()))
        };
        assert_eq!(read(&[("src/lib.rs", "mod a;")]).err().unwrap(), "src/a/mod.rs is not there");
        assert!(read(&[("src/lib.rs", "mod a;"), ("src/a.rs", "fn (")]).err().unwrap().starts_with("src/a.rs:1: "));
        let elsewhere =
            [("src/lib.rs", "#[path = \"../x/a.rs\"] mod a;"), ("src/../x/a.rs", "mod b;"), ("src/a/b.rs", "")];
        assert_eq!(read(&elsewhere).unwrap().files.len(), 3);
    }
}
