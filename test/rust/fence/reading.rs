//! Reads sources: what they define, what they hold, what they name, what they call.

use std::collections::BTreeSet;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

#[derive(Clone)]
pub struct Source {
    pub name: String,
    pub text: String,
}

impl Source {
    /// One file, or all of a room but its probe.
    pub fn all(room: &str) -> Vec<Source> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(room);
        if path.is_file() {
            return vec![Source::one(room)];
        }
        let files = std::fs::read_dir(path).expect("the room is there").map(|entry| entry.expect("can be read"));
        let names = files.map(|entry| format!("{room}/{}", entry.file_name().to_string_lossy()));
        let sources: Vec<_> =
            names.filter(|name| !name.ends_with("fence_probe.rs")).map(|name| Source::one(&name)).collect();
        assert!(sources.len() > 3, "{room} is nearly empty");
        sources
    }

    pub fn one(name: &str) -> Source {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        Source { name: name.to_owned(), text: std::fs::read_to_string(path).expect(name) }
    }

    pub fn of(text: &str) -> Source {
        Source { name: "a sample".to_owned(), text: text.to_owned() }
    }

    /// Without what is only built for tests.
    fn items(&self) -> Vec<syn::Item> {
        let file = syn::parse_file(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        file.items.into_iter().filter(|item| !is_for_tests(item)).collect()
    }

    fn visit<'a>(items: &'a [syn::Item], visitor: &mut impl Visit<'a>) {
        items.iter().for_each(|item| visitor.visit_item(item));
    }
}

fn is_for_tests(item: &syn::Item) -> bool {
    let syn::Item::Mod(module) = item else { return false };
    let test = |meta: &syn::Meta| matches!(meta, syn::Meta::List(list) if list.path.is_ident("cfg") && list.tokens.to_string() == "test");
    module.attrs.iter().any(|attribute| test(&attribute.meta))
}

/// Sets of names that a set of sources gives rise to.
pub struct Names;

impl Names {
    /// Types that the sources define.
    pub fn defined_in(sources: &[Source]) -> BTreeSet<String> {
        let name = |item: &syn::Item| match item {
            syn::Item::Struct(item) => Some(item.ident.to_string()),
            syn::Item::Enum(item) => Some(item.ident.to_string()),
            syn::Item::Type(item) => Some(item.ident.to_string()),
            _ => None,
        };
        sources.iter().flat_map(Source::items).filter_map(|item| name(&item)).collect()
    }

    /// Functions that say so, in their documentation or where they lift a ban. `new` names too much to be told apart.
    pub fn not_for_the_audio_thread(sources: &[Source]) -> BTreeSet<String> {
        struct Functions(BTreeSet<String>);
        impl<'a> Visit<'a> for Functions {
            fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
                self.note(&item.attrs, &item.sig);
            }
            fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
                self.note(&item.attrs, &item.sig);
            }
        }
        impl Functions {
            fn note(&mut self, attributes: &[syn::Attribute], signature: &syn::Signature) {
                if says_not_for_audio(attributes) && signature.ident != "new" {
                    self.0.insert(signature.ident.to_string());
                }
            }
        }
        let mut functions = Functions(BTreeSet::new());
        sources.iter().for_each(|source| Source::visit(&source.items(), &mut functions));
        functions.0
    }
}

fn says_not_for_audio(attributes: &[syn::Attribute]) -> bool {
    let texts = attributes.iter().map(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.tokens.to_string(),
        syn::Meta::NameValue(syn::MetaNameValue { value: syn::Expr::Lit(text), .. }) => match &text.lit {
            syn::Lit::Str(text) => text.value(),
            _ => String::new(),
        },
        _ => String::new(),
    });
    // Documentation comes a line at a time.
    let text = texts.collect::<Vec<_>>().join("").to_lowercase();
    text.contains("not for the audio thread")
}

/// Types that hold a fixed amount: all that a field may be made of besides what the rooms define themselves.
const FIXED: &str = "Arc Option UnsafeCell NonNull HeapCons HeapProd AtomicBool AtomicU32 AtomicU64 AtomicUsize \
    MaybeUninit bool u8 u16 u32 u64 usize i16 i32 i64 f32 f64";

/// The parts of type definitions that are neither fixed nor `known`; of boxes, only slices pass,
/// and what the rooms define: that such a box is never freed there is for the tripwire to see.
pub fn misfits(source: &Source, known: &BTreeSet<String>) -> Vec<String> {
    struct Fields<'k> {
        known: BTreeSet<String>,
        rooms: &'k BTreeSet<String>,
        misfits: Vec<String>,
    }
    impl<'a> Visit<'a> for Fields<'_> {
        fn visit_generic_param(&mut self, param: &'a syn::GenericParam) {
            if let syn::GenericParam::Type(param) = param {
                self.known.insert(param.ident.to_string());
            }
        }
        fn visit_type_path(&mut self, path: &'a syn::TypePath) {
            let Some(last) = path.path.segments.last() else { return };
            let name = last.ident.to_string();
            let fixed = FIXED.split_whitespace().any(|fixed| fixed == name);
            let slice = match only_argument(last) {
                Some(syn::Type::Slice(_)) => true,
                Some(syn::Type::Path(boxed)) => boxed.path.segments.last().is_some_and(|last| {
                    self.known.contains(&last.ident.to_string()) || self.rooms.contains(&last.ident.to_string())
                }),
                _ => false,
            };
            if fixed || self.known.contains(&name) || self.rooms.contains(&name) || (name == "Box" && slice) {
                visit::visit_type_path(self, path);
            } else {
                self.misfits.push(name);
            }
        }
    }
    let mut fields = Fields { known: BTreeSet::new(), rooms: known, misfits: Vec::new() };
    for item in source.items() {
        fields.known.clear();
        match &item {
            syn::Item::Struct(item) => fields.visit_item_struct(item),
            syn::Item::Enum(item) => fields.visit_item_enum(item),
            syn::Item::Type(item) => fields.visit_item_type(item),
            _ => {}
        }
    }
    fields.misfits
}

fn only_argument(segment: &syn::PathSegment) -> Option<&syn::Type> {
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.first() {
        Some(syn::GenericArgument::Type(only)) if arguments.args.len() == 1 => Some(only),
        _ => None,
    }
}

const ROOMS: [&str; 4] = ["rt", "link", "units", "format"];
const CRATES: [&str; 3] = ["std", "core", "ringbuf"];
const PRIMITIVES: &str = "bool char u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 str";

/// Paths that lead out of the rooms that `rt/` may name.
pub fn strays(source: &Source) -> Vec<String> {
    #[derive(Default)]
    struct Paths {
        local: BTreeSet<String>,
        found: Vec<Vec<String>>,
        strays: Vec<String>,
    }
    impl<'a> Visit<'a> for Paths {
        fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
            self.note_use(Vec::new(), &item.tree);
        }
        fn visit_path(&mut self, path: &'a syn::Path) {
            self.found.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
            visit::visit_path(self, path);
        }
        fn visit_item_extern_crate(&mut self, item: &'a syn::ItemExternCrate) {
            self.strays.push(item.ident.to_string());
        }
        fn visit_item_foreign_mod(&mut self, _: &'a syn::ItemForeignMod) {
            self.strays.push("extern".to_owned());
        }
        fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
            self.local.insert(item.ident.to_string());
            visit::visit_item_mod(self, item);
        }
        fn visit_macro(&mut self, item: &'a syn::Macro) {
            if item.path.is_ident("include") {
                self.strays.push("include!".to_owned());
            }
            self.visit_path(&item.path);
            self.note_tokens(item.tokens.clone());
        }
    }
    impl Paths {
        fn note_use(&mut self, mut path: Vec<String>, tree: &syn::UseTree) {
            match tree {
                syn::UseTree::Path(part) => {
                    path.push(part.ident.to_string());
                    self.note_use(path, &part.tree);
                }
                syn::UseTree::Group(group) => {
                    group.items.iter().for_each(|tree| self.note_use(path.clone(), tree));
                }
                syn::UseTree::Name(name) => self.note_name(path, name.ident.to_string(), name.ident.to_string()),
                syn::UseTree::Rename(name) => self.note_name(path, name.ident.to_string(), name.rename.to_string()),
                _ => self.note_name(path, "*".to_owned(), "*".to_owned()),
            }
        }
        fn note_name(&mut self, mut path: Vec<String>, name: String, local: String) {
            // A crate's bare name brings the crate in, which one segment alone would not tell.
            path.push(name);
            path.push("*".to_owned());
            self.found.push(path);
            self.local.insert(local);
        }
        fn note_tokens(&mut self, tokens: TokenStream) {
            let mut path = Vec::new();
            let mut colons = 0;
            for token in tokens {
                match token {
                    TokenTree::Ident(ident) => {
                        if colons < 2 {
                            self.found.push(std::mem::take(&mut path));
                        }
                        path.push(ident.to_string());
                        colons = 0;
                    }
                    TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                    TokenTree::Group(group) => self.note_tokens(group.stream()),
                    _ => colons = 0,
                }
            }
            self.found.push(path);
        }
    }
    let mut paths = Paths::default();
    Source::visit(&source.items(), &mut paths);
    let Paths { local, found, mut strays } = paths;
    let stays = |path: &Vec<String>| match path.as_slice() {
        [] | [_] => true,
        [first, room, ..] if first == "crate" => ROOMS.contains(&room.as_str()),
        [first, ..] => {
            let a_type = first.starts_with(char::is_uppercase);
            let primitive = PRIMITIVES.split_whitespace().any(|primitive| primitive == first);
            CRATES.contains(&first.as_str()) || a_type || primitive || local.contains(first)
        }
    };
    strays.extend(found.iter().filter(|path| !stays(path)).map(|path| path.join("::")));
    strays
}

/// Calls of functions with one of the `names`, but for those made in functions that are not for the audio thread either.
pub fn forbidden_calls(source: &Source, names: &BTreeSet<String>) -> Vec<String> {
    struct Calls<'k> {
        names: &'k BTreeSet<String>,
        found: Vec<String>,
    }
    impl<'a> Visit<'a> for Calls<'_> {
        fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
            if !says_not_for_audio(&item.attrs) {
                visit::visit_impl_item_fn(self, item);
            }
        }
        fn visit_expr_method_call(&mut self, call: &'a syn::ExprMethodCall) {
            self.note(&call.method);
            visit::visit_expr_method_call(self, call);
        }
        fn visit_expr_path(&mut self, path: &'a syn::ExprPath) {
            if let Some(last) = path.path.segments.last() {
                self.note(&last.ident);
            }
            visit::visit_expr_path(self, path);
        }
    }
    impl Calls<'_> {
        fn note(&mut self, name: &syn::Ident) {
            if self.names.contains(&name.to_string()) {
                self.found.push(name.to_string());
            }
        }
    }
    let mut calls = Calls { names, found: Vec::new() };
    Source::visit(&source.items(), &mut calls);
    calls.found
}
