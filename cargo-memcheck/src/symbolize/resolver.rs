//! Fills in the functions, files and lines of the frames of a report.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use memcheck::tool::report::{Frame, Report, Site, Sites, SourceLocation, TestId};

use super::names;
use super::symbols::Symbols;
use super::user_frame::{is_plumbing, is_users_frame, user_frame};
use super::workspace::{LazyWorkspace, normal};

/// Resolves frames to source lines, for all tests of a run.
pub(crate) struct Resolver<'a> {
    workspace: LazyWorkspace<'a>,
    symbols: Symbols,
}

impl<'a> Resolver<'a> {
    /// File names become relative to `workspace`.
    pub(crate) fn new(workspace: LazyWorkspace<'a>) -> Self {
        Resolver { workspace, symbols: Symbols::default() }
    }

    /// The report with its frames resolved, the place of each site, and notes about frames that could not
    /// be resolved. `program` is the test binary.
    pub(crate) fn resolve(&self, mut report: Report, program: &Path) -> Report {
        if let Some(sites) = &mut report.sites {
            self.fill(sites, &report.test, program);
        }
        report
    }

    fn fill(&self, sites: &mut Sites, test: &TestId, program: &Path) {
        let mut notes: Vec<String> =
            self.workspace.problem().map(str::to_owned).into_iter().collect();
        let mut unread = BTreeSet::new();
        for site in &mut sites.sites {
            for frame in &mut site.stack {
                let Some(index) = frame.module else { continue };
                let Some(module) = sites.modules.get(index) else { continue };
                match self.symbols.functions(module, frame.offset) {
                    Ok(functions) => {
                        frame.functions = functions;
                    }
                    Err(sentence) => {
                        unread.insert(index);
                        note(&mut notes, sentence);
                    }
                }
            }
        }
        let root = renamed_root(sites, test, self.workspace.crates());
        for site in &mut sites.sites {
            for place in site.stack.iter_mut().flat_map(|frame| &mut frame.functions) {
                place.file = self.named(place, root.as_deref());
            }
            site.place = user_frame(&site.stack, self.workspace.crates());
        }
        let program: PathBuf = program.canonicalize().unwrap_or_else(|_| program.to_owned());
        let path = |module: usize| sites.modules.get(module).map(|of| Path::new(&of.path));
        let is_program = |module: &usize| path(*module) == Some(&program);
        let missing: Vec<MissingDebugInfo> = sites
            .sites
            .iter()
            .filter_map(|site| self.missing_debug_info(site, &is_program))
            .filter(|_| !unread.iter().any(is_program))
            .collect();
        if !missing.is_empty() {
            let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy();
            let strip = match missing.contains(&MissingDebugInfo::Names) {
                true => " and without `strip`",
                false => "",
            };
            note(
                &mut notes,
                format!(
                    "`{name}` has no debug information, so the report points at the test: set `debug = 1`{strip} in the cargo profile"
                ),
            );
        }
        if sites.sites.iter().any(calls_unknown_code) {
            note(
                &mut notes,
                "functions called there have no symbols: JIT code or an unloaded library"
                    .to_owned(),
            );
        }
        sites.notes.extend(notes);
    }

    /// What the program lacks, if a site has no line of the user. Missing debug information of a system
    /// library does not count: users look for leaks in their own program.
    fn missing_debug_info(
        &self,
        site: &Site,
        is_program: &impl Fn(&usize) -> bool,
    ) -> Option<MissingDebugInfo> {
        if site.stack.iter().any(is_users_frame) {
            return None;
        }
        let mut frames =
            site.stack.iter().filter(|frame| frame.module.as_ref().is_some_and(is_program));
        // The standard library has its own debug information, and a few frames never have any (`_start`).
        let is_own = |place: &&SourceLocation| is_of(place, self.workspace.crates());
        let mut own = frames.clone().flat_map(|frame| &frame.functions).filter(is_own);
        match frames.clone().next() {
            _ if own.any(|place| place.file.is_none()) => Some(MissingDebugInfo::Lines),
            Some(_) if frames.all(|of| of.functions.is_empty()) => Some(MissingDebugInfo::Names),
            _ => None,
        }
    }

    /// The file of a place as reports name it. `root` is the name of the workspace in debug information.
    fn named(&self, place: &SourceLocation, root: Option<&Path>) -> Option<String> {
        let file = Path::new(place.file.as_ref()?);
        let own = match is_plumbing(place) {
            true => None,
            false => self.workspace.own(file).or_else(|| {
                let below = file.strip_prefix(root?).ok()?;
                self.workspace.own(below)
            }),
        };
        // Relative paths mean files of the user, so a foreign file without a folder gets no name.
        let file = own.or_else(|| Some(normal(file)).filter(|file| file.is_absolute()));
        file.map(|file| file.to_string_lossy().into_owned())
    }
}

/// Whether a function belongs to one of `crates`.
fn is_of(place: &SourceLocation, crates: &[String]) -> bool {
    names::crate_of(&place.function).is_some_and(|name| crates.iter().any(|own| own == name))
}

/// The name of the workspace root in debug information, if `--remap-path-prefix` renamed it. The file of
/// the test is known under both names.
fn renamed_root(sites: &Sites, test: &TestId, crates: &[String]) -> Option<PathBuf> {
    let name = format!("::{}", test.name);
    let places = sites.sites.iter().flat_map(|site| &site.stack).flat_map(|of| &of.functions);
    let mut tests = places.filter(|place| place.function.contains(&name) && is_of(place, crates));
    tests.find_map(|place| {
        let file = Path::new(place.file.as_ref()?);
        let below = Path::new(&test.file);
        let renamed = file.is_absolute() && below.is_relative() && file.ends_with(below);
        let root = || file.ancestors().nth(below.components().count());
        root().filter(|_| renamed && !file.exists()).map(Path::to_owned)
    })
}

/// Debug information that a program lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MissingDebugInfo {
    /// It has function names but no lines.
    Lines,
    /// It has neither.
    Names,
}

/// Whether the call stack of a leak has frames without a module inside its place.
fn calls_unknown_code(site: &Site) -> bool {
    let is_place =
        |frame: &Frame| site.place.as_ref().is_some_and(|of| frame.functions.contains(of));
    site.grows
        && site.place.is_some()
        && site.stack.iter().take_while(|frame| !is_place(frame)).any(|of| of.module.is_none())
}

fn note(notes: &mut Vec<String>, sentence: String) {
    if !notes.contains(&sentence) {
        notes.push(sentence);
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::sync::LazyLock;

    use memcheck::tool::report::{Module, SiteKind};

    use super::*;
    use crate::symbolize::Workspace;

    #[inline(always)]
    fn inlined(text: &str) -> String {
        text.repeat(black_box(2))
    }

    #[inline(never)]
    fn calls(text: &str) -> String {
        inlined(text)
    }

    /// The mapping of this program at `address`: start, offset in the file, path.
    fn mapping(address: u64) -> (u64, u64, String) {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let mut parsed = maps.lines().filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (start, end) = fields[0].split_once('-')?;
            let number = |text| u64::from_str_radix(text, 16).ok();
            let (start, end) = (number(start)?, number(end)?);
            let path = fields.get(5)?.to_string();
            (start..end).contains(&address).then_some((start, number(fields[2])?, path))
        });
        parsed.next_back().unwrap()
    }

    /// A report whose frames are the addresses in [`calls`].
    fn report() -> Report {
        black_box(calls("a"));
        let begin = calls as *const () as u64;
        let (start, offset, path) = mapping(begin);
        let frame = |address: u64| Frame {
            address,
            module: Some(0),
            offset: address - start + offset,
            functions: Vec::new(),
        };
        let site = Site {
            kind: SiteKind::RustHeap,
            grows: true,
            survived: Default::default(),
            stack: (1..0x40).map(|byte| frame(begin + byte)).collect(),
            place: None,
        };
        let mut report = Report::unobserved(Default::default(), memcheck::report::Outcome::Lost);
        report.sites = Some(Sites {
            sites: vec![site],
            modules: vec![
                Module { path, ..Module::default() },
                Module { path: "/nowhere".into(), ..Module::default() },
            ],
            ..Sites::default()
        });
        report
    }

    #[test]
    fn a_frame_gets_its_functions_and_its_place() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned();
        let workspace = LazyLock::new(|| Workspace::at(root.clone()));
        let resolver = Resolver::new(&workspace);
        let program = std::env::current_exe().unwrap();
        let resolved = resolver.resolve(report(), &program).sites.unwrap();
        let place = resolved.sites[0].place.as_ref().unwrap();
        assert_eq!(place.file.as_deref(), Some("cargo-memcheck/src/symbolize/resolver.rs"));
        let functions: Vec<&SourceLocation> =
            resolved.sites[0].stack.iter().flat_map(|frame| &frame.functions).collect();
        assert!(functions.iter().any(|place| place.line.is_some() && place.column.is_some()));
        let of = |name: &str| functions.iter().any(|place| place.function.ends_with(name));
        assert!(of("resolver::tests::calls") && of("inlined"), "{functions:?}");
        assert_eq!(resolved.notes, [""; 0]);
    }

    #[test]
    fn an_unreadable_module_is_noted_once() {
        let workspace = LazyLock::new(|| Workspace::at("/elsewhere".into()));
        let resolver = Resolver::new(&workspace);
        let mut report = report();
        let sites = report.sites.as_mut().unwrap();
        sites.sites[0].stack.iter_mut().for_each(|frame| frame.module = Some(1));
        let resolved = resolver.resolve(report, "/nowhere".as_ref()).sites.unwrap();
        assert!(resolved.notes[0].starts_with("cannot open `/nowhere`: "), "{:?}", resolved.notes);
        assert_eq!(resolved.sites[0].place, None);
    }
}
